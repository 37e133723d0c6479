"""A student in front of a browser, without the browser: logs in to a JupyterHub, runs code in a kernel, logs out."""

import asyncio
import json
import time
import uuid

import requests
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

PATIENCE_SECONDS = 900


class Refused(Exception):
    """Something that a student did had another outcome than it should."""


class Student:
    """One student of a hub at `address`."""

    def __init__(self, address, name):
        self.name = name
        self._hub = f"{address}/hub"
        self._server = f"{address}/user/{name}"
        self._session = requests.Session()
        self._kernel = ""

    def log_in(self):
        """Logs in for the first time, and waits until the server is there."""
        page = self._session.get(f"{self._hub}/login", timeout=PATIENCE_SECONDS)
        form = {"username": self.name, "password": f"the password of {self.name}", "_xsrf": self._session.cookies.get("_xsrf")}
        page = self._session.post(f"{self._hub}/login?next=%2Fhub%2Fspawn", data=form, timeout=PATIENCE_SECONDS)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if "/hub/" not in page.url and page.ok:
                return
            if page.status_code >= 500 or "/hub/login" in page.url:
                break
            time.sleep(1)
            page = self._session.get(f"{self._server}/lab", timeout=PATIENCE_SECONDS)
        raise Refused(f"{self.name} did not get a server: {page.status_code} at {page.url}")

    def start_kernel(self):
        """Starts a Python kernel in the student's home."""
        token = self._xsrf()
        wanted, headers = {"name": "python3", "path": "notebooks/en"}, {"X-XSRFToken": token}
        answer = self._session.post(f"{self._server}/api/kernels", json=wanted, headers=headers, timeout=PATIENCE_SECONDS)
        if answer.status_code != 201:
            raise Refused(f"{self.name} did not get a kernel: {answer.status_code} {answer.text[:300]}")
        self._kernel = answer.json()["id"]

    def _xsrf(self):
        """The word against forged requests that the student's own server has given."""
        found = [cookie.value for cookie in self._session.cookies if cookie.name == "_xsrf" and cookie.path.startswith("/user/")]
        return found[0] if found else ""

    def run(self, code):
        """Runs code in the kernel, and gives all that it printed and returned as text. Raises Refused where it fails."""
        return asyncio.run(self._run(code))

    async def _run(self, code):
        address = f"{self._server.replace('http', 'ws', 1)}/api/kernels/{self._kernel}/channels"
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies_for_server().items())
        patience = {"connect_timeout": PATIENCE_SECONDS, "request_timeout": PATIENCE_SECONDS}
        request = HTTPRequest(address, headers={"Cookie": cookies}, **patience)
        channel = await websocket_connect(request, max_message_size=1 << 28)
        identifier = uuid.uuid4().hex
        header = {"msg_id": identifier, "msg_type": "execute_request", "session": identifier, "username": self.name, "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}
        await channel.write_message(json.dumps(message))
        try:
            return await asyncio.wait_for(self._outcome(channel, identifier, code), PATIENCE_SECONDS)
        finally:
            channel.close()

    def _cookies_for_server(self):
        path = f"/user/{self.name}/"
        return {cookie.name: cookie.value for cookie in self._session.cookies if path.startswith(cookie.path)}

    async def _outcome(self, channel, identifier, code):
        printed, replied, idle = [], False, False
        while not (replied and idle):
            text = await channel.read_message()
            if text is None:
                raise Refused(f"{self.name}: the kernel's channel closed during {code[:60]!r}")
            message = json.loads(text)
            if message["parent_header"].get("msg_id") != identifier:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                printed.append(content["text"])
            elif kind in ("execute_result", "display_data"):
                printed.append(content["data"].get("text/plain", ""))
            elif kind == "error":
                raise Refused(f"{self.name}, in {code[:60]!r}: " + "\n".join(content["traceback"]))
            replied = replied or kind == "execute_reply"
            idle = idle or (kind == "status" and content["execution_state"] == "idle")
        return "\n".join(printed)

    def log_out(self):
        """Logs out, which ends the server."""
        self._session.get(f"{self._hub}/logout", timeout=PATIENCE_SECONDS)
