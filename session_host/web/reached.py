"""Whether the page answers where it is served: at its own ports, and at the address of a proxy before it."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import socket
import ssl
import threading
from typing import Final
from urllib.parse import urlsplit

from session_host.errors import OutliveError

from .gate import CONTENT_SECURITY_POLICY
from .plan import Plan

ANSWER_S: Final = 5.0


def check_own(plan: Plan) -> None:
    """Ask at each of the page's own ports.

    Raises:
        OutliveError: something else answers there, or nothing.
    """
    listening = plan.listening
    for host in listening.hosts:
        shown = f"[{host}]:{listening.port}" if ":" in host else f"{host}:{listening.port}"
        try:
            connection = socket.create_connection((host, listening.port), timeout=ANSWER_S)
        except ConnectionRefusedError:
            if host == "::1":  # This computer does not have it, else the server would not have started.
                continue
            raise OutliveError(f"nothing answers at {shown}") from None
        except OSError as error:
            if host == "::1":
                continue
            raise OutliveError(f"nothing answers at {shown} ({error.strerror or error})") from None
        with connection:
            if not _is_ours(connection, plan):
                raise OutliveError(f"something else answers at {shown}")


def answer_at(address: str) -> str:
    """What answers at an address that the user gave, in one line."""
    found: list[str] = []
    asking = threading.Thread(target=lambda: found.append(_asked(address)), daemon=True)
    asking.start()
    asking.join(ANSWER_S)  # Also a name takes no longer.
    return f"{address}: {found[0] if found else f'no answer within {ANSWER_S:.0f} s'}"


def _is_ours(connection: socket.socket, plan: Plan) -> bool:
    try:
        with contextlib.ExitStack() as stack:
            asked = connection
            if plan.fingerprint:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # It is compared below.
                secured = stack.enter_context(context.wrap_socket(connection))
                sent = hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()
                if sent.upper() != plan.fingerprint.replace(":", ""):
                    return False
                asked = secured
            client = http.client.HTTPConnection("")
            client.sock = asked
            client.request("GET", "/", headers={"Host": plan.listening.addresses[0].host})
            return _is_page(client.getresponse())
    except (OSError, http.client.HTTPException):
        return False


def _is_page(answer: http.client.HTTPResponse) -> bool:
    return answer.status == 200 and answer.headers.get("content-security-policy") == CONTENT_SECURITY_POLICY


def _asked(address: str) -> str:
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    client = kind(parts.hostname or "", parts.port, timeout=ANSWER_S)
    try:
        with contextlib.closing(client):
            client.request("GET", "/")
            answer = client.getresponse()
            if _is_page(answer):
                return "the page answers"
            if answer.status == 421:
                return "the page answers, but under another name: the proxy has to pass on the Host as it comes"
            return f"something else answers (HTTP {answer.status})"
    except ssl.SSLCertVerificationError as error:
        return f"this computer does not trust its certificate ({error.verify_message})"
    except socket.gaierror:
        return "nobody knows this name yet"
    except TimeoutError:
        return f"no answer within {ANSWER_S:.0f} s"
    except (OSError, http.client.HTTPException) as error:
        return f"nothing answers ({getattr(error, 'strerror', None) or type(error).__name__})"
