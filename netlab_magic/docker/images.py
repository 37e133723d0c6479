"""What well-known images EXPOSE: the lab runs no image, but `-P` publishes these ports, and a small server answers behind them.

Taken from the images' Dockerfiles as of 2025; another tag may differ, so whatever is assumed is said.
"""

__all__ = ["exposed_by"]

_EXPOSED = {
    "adminer": "8080/tcp",
    "caddy": "80/tcp 443/tcp 443/udp 2019/tcp",
    "couchdb": "4369/tcp 5984/tcp 9100/tcp",
    "elasticsearch": "9200/tcp 9300/tcp",
    "ghost": "2368/tcp",
    "grafana": "3000/tcp",
    "hello": "80/tcp",
    "httpbin": "80/tcp",
    "httpd": "80/tcp",
    "influxdb": "8086/tcp",
    "jenkins": "8080/tcp 50000/tcp",
    "mariadb": "3306/tcp",
    "memcached": "11211/tcp",
    "mongo": "27017/tcp",
    "mysql": "3306/tcp 33060/tcp",
    "nextcloud": "80/tcp",
    "nginx": "80/tcp",
    "phpmyadmin": "80/tcp",
    "postgres": "5432/tcp",
    "prometheus": "9090/tcp",
    "rabbitmq": "4369/tcp 5671/tcp 5672/tcp 15691/tcp 15692/tcp 25672/tcp",
    "redis": "6379/tcp",
    "registry": "5000/tcp",
    "tomcat": "8080/tcp",
    "traefik": "80/tcp",
    "whoami": "80/tcp",
    "wordpress": "80/tcp",
}


def _short_name(image: str) -> str:
    """An image's name without registry, tag and digest.

    >>> short_name("docker.io/library/nginx:1.27-alpine"), short_name("redis@sha256:0a1b")
    ('nginx', 'redis')
    """
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def exposed_by(image: str) -> tuple[str, ...]:
    """The ports, as `PORT/PROTOCOL`, that an image is taken to EXPOSE; none for one that is not known here.

    >>> exposed_by("mysql:8")
    ('3306/tcp', '33060/tcp')
    """
    return tuple(_EXPOSED.get(_short_name(image), "").split())
