# Reads the network of this host and prints it, for netlab-magic. Run it as root.
# It changes nothing, loads no kernel module, and writes no file but what you redirect it to.
[ "$(id -u)" = 0 ] || { echo "netlab: only root can read all of this" >&2; exit 1; }
LC_ALL=C PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH

# Also run in each namespace, by a shell of its own. A part is "@@ run COMMAND", what it
# printed, "@@ err" before each line of complaint, and "@@ end STATUS".
F='
exec 5>&1
T=; command -v timeout >/dev/null && T="timeout 20"
at() { # the path of a program: busybox would take its own instead
  for d in $(echo "$PATH" | tr : " "); do [ -x "$d/$1" ] && { echo "$d/$1"; return; }; done
  return 1
}
o() {
  p=$(at "$1") || { echo "@@ missing $1"; return 127; }
  echo "@@ run $*"; shift
  s=$({ { $T "$p" "$@" </dev/null 2>&1 >&5 3>&- 5>&-; echo $? >&3; } | sed "s/^/@@ err /" >&5; } 3>&1)
  echo; echo "@@ end $s"; return "$s"
}
has() { # whether asking loads no module: what is not loaded has no rules
  [ ! -e /proc/modules ] || [ -d "/sys/module/$1" ] || grep -qs "/$1[.]ko" "/lib/modules/$(uname -r)/modules.builtin"
}
'
B='
names() { [ -e "/proc/net/$1" ] && read -r x <"/proc/net/$1"; }
save() {
  if names "${1}_tables_names"; then
    echo "@@ legacy $1"
    o "$1tables-legacy-save" -c || o "$1tables-save" -c
  fi
  if has nf_tables; then o "$1tables-nft-save" -c; fi
}
save ip; save ip6
if has nf_tables; then o nft list ruleset; else echo "@@ without nf_tables"; fi
if has ip_set; then o ipset save; else echo "@@ without ip_set"; fi
o ip -j -d addr || o ip -d addr || o ip addr
for v in -4 -6; do
  o ip $v -j route show table all || o ip $v route show table all
  o ip $v -j rule || o ip $v rule
done
o ip -j neigh || o ip neigh
o bridge -d link
o bridge vlan
if ! has tcp_diag || ! has udp_diag; then export PROC_NET_TCP=/proc/net/tcp PROC_NET_UDP=/proc/net/udp; fi
o ss -ltnup
echo "@@ run sysctl -a"
cd /proc/sys && grep -s . net/ipv4/ip_forward net/ipv4/icmp_echo_ignore_all net/ipv6/icmp/echo_ignore_all \
  net/ipv4/conf/*/forwarding net/ipv4/conf/*/rp_filter net/ipv4/conf/*/route_localnet \
  net/ipv4/conf/*/accept_local net/ipv4/conf/*/src_valid_mark net/ipv4/conf/*/proxy_arp \
  net/ipv4/conf/*/ignore_routes_with_linkdown net/ipv4/fwmark_reflect \
  net/ipv6/conf/*/forwarding net/ipv6/conf/*/disable_ipv6 net/ipv6/conf/*/proxy_ndp \
  net/bridge/bridge-nf-call-iptables net/bridge/bridge-nf-call-ip6tables | sed "s/:/ = /"
echo "@@ end 0"
'
eval "$F"
echo "@@ netlab 1 $(uname -r)"
for p in ip nsenter nft ss; do at $p >/dev/null || echo "netlab: $p is not here, so what it prints is missing" >&2; done

H=$(readlink /proc/self/ns/net)
echo "@@ ns $H host"
sh -c "$F$B" </dev/null

# The names of namespaces: where they are mounted, and the first process in each.
N=$(sed -n 's|^[^ ]* [^ ]* [^ ]* \(net:[^ ]*\) \([^ ]*\) .*|\1 \2|p' /proc/self/mountinfo | sort -u)
P=$(ls -l /proc/[0-9]*/ns/net 2>/dev/null |
  sed -n 's|.* /proc/\([0-9]*\)/ns/net -> \(net:.*\)|\2 \1|p' | sort -k1,1 -k2,2n |
  { l=; while read -r n p; do [ "$n" = "$l" ] || echo "$n $p"; l=$n; done; })
of() { printf '%s\n' "$1" | grep -F "$n " | cut -d ' ' -f 2; }
E=$(at nsenter)
printf '%s\n' "$N" "$P" | cut -d ' ' -f 1 | sort -u | while read -r n; do
  if [ -z "$n" ] || [ "$n" = "$H" ]; then continue; fi
  echo "@@ ns $n"
  p=$(of "$P")
  for f in $(of "$N"); do echo "@@ name $f"; w=--net=$f; done
  if [ -n "$p" ]; then
    w="-t $p -n"
    echo "@@ process $p $(cat "/proc/$p/comm" 2>/dev/null)"
    # A container's ID is in its cgroup; Podman's monitor has the ID in its own, and is none.
    sed -n '/conmon/d; s|.*\([0-9a-f]\{64\}\).*|@@ container \1|p' "/proc/$p/cgroup" 2>/dev/null | sort -u
  fi
  # shellcheck disable=SC2086  # several words
  [ -n "$E" ] && $E $w sh -c "$F$B" </dev/null
done

running() {
  for c in /proc/[0-9]*/comm; do
    { read -r x <"$c"; } 2>/dev/null && [ "$x" = "$1" ] && return
  done
  return 1
}
# No environment, no labels, no command lines: those may hold secrets.
C='{"Id":{{json .Id}},"Name":{{json .Name}},"State":{"Status":{{json .State.Status}},"Pid":{{json .State.Pid}}}'
C=$C',"HostConfig":{"NetworkMode":{{json .HostConfig.NetworkMode}}},"NetworkSettings":{{json .NetworkSettings}}}'
D='{"Name":{{json .Name}},"Id":{{json .Id}},"Driver":{{json .Driver}},"Internal":{{json .Internal}}'
D=$D',"IPAM":{"Config":{{json .IPAM.Config}}},"Options":{{json .Options}}}'
engine() {
  $T "$(at "$1")" ps -a </dev/null >/dev/null 2>&1 || { echo "@@ silent $1"; return; }
  i=$($T "$(at "$1")" ps -aq --no-trunc </dev/null 2>/dev/null)
  # shellcheck disable=SC2086  # a list of IDs
  [ -z "$i" ] || o "$1" inspect --type container -f "$C" $i
}
echo "@@ containers"
if running dockerd && at docker >/dev/null; then
  o docker version -f '{{.Server.Version}}'
  engine docker
  i=$($T "$(at docker)" network ls -q --no-trunc </dev/null 2>/dev/null)
  # shellcheck disable=SC2086  # a list of IDs
  [ -z "$i" ] || o docker network inspect -f "$D" $i
fi
if [ -d /var/lib/containers/storage ] && at podman >/dev/null; then engine podman; fi
for c in /run/containerd/containerd.sock /run/crio/crio.sock; do
  if [ -S $c ] && at crictl >/dev/null; then
    o crictl -r "unix://$c" pods --no-trunc
    o crictl -r "unix://$c" ps --no-trunc
  fi
done
echo "@@ done"
echo "netlab: done; what could not be read is named in the file, behind @@ missing and @@ err" >&2
