"""A real IMAP server (Dovecot) and a real SFTP server (OpenSSH) for tests, each a private process.

Belongs here: their configuration in a folder of their own, starting, stopping. Does not belong here:
database servers (servers.py). Both listen on 127.0.0.1 only and are stopped by their own process.
"""

from __future__ import annotations

import contextlib
import grp
import imaplib
import os
import pwd
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from tests.servers import find_program, free_port

USER = "采购@factory.example"
PASSWORD = "p@ss;w{o}rd/1"  # awkward on purpose
START_SECONDS = 30


def _who() -> tuple[str, str, dict[str, object]]:
    """(user, group, arguments that give up root for subprocess)."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name, {}
    nobody = pwd.getpwnam("nobody")
    return (
        "nobody",
        grp.getgrgid(nobody.pw_gid).gr_name,
        {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []},
    )


def _home(prefix: str) -> Path:
    home = Path(tempfile.mkdtemp(prefix=f"ww-{prefix}-"))  # short: socket paths are limited
    if os.geteuid() == 0:
        shutil.chown(home, *_who()[:2])
    return home


def certificate(folder: Path) -> tuple[Path, Path]:
    """(certificate, key) for 127.0.0.1 and localhost, signed by itself."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    own = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(own.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


_DOVECOT = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_chars =
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{home}/mail
first_valid_uid = 1
first_valid_gid = 1
passdb {{
  driver = passwd-file
  args = {home}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}/mail
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {secure}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass
class MailServer:
    """One Dovecot with one account. port: TLS from the start; plain_port: plain and STARTTLS."""

    home: Path
    port: int
    plain_port: int
    process: subprocess.Popen[bytes]

    @property
    def ca_file(self) -> Path:
        return self.home / "cert.pem"

    def environment(self) -> dict[str, str]:
        return {
            "WATERWORKS_MAIL_HOST": "127.0.0.1",
            "WATERWORKS_MAIL_USER": USER,
            "WATERWORKS_MAIL_PASSWORD": PASSWORD,
            "WATERWORKS_MAIL_CA": str(self.ca_file),
        }

    def open(self) -> imaplib.IMAP4_SSL:
        context = ssl.create_default_context(cafile=str(self.ca_file))
        box = imaplib.IMAP4_SSL("127.0.0.1", self.port, ssl_context=context, timeout=10)
        box.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
        return box

    def deliver(self, message: EmailMessage | bytes, folder: str = "INBOX") -> None:
        raw = message if isinstance(message, bytes) else message.as_bytes()
        with self.open() as box:
            kind, answer = box.append(folder, "", imaplib.Time2Internaldate(time.time()), raw)
            assert kind == "OK", answer

    def flags(self, folder: str = "INBOX") -> list[str]:
        with self.open() as box:
            if box.select(f'"{folder}"', readonly=True)[0] != "OK":
                return []
            lines = box.uid("FETCH", "1:*", "(FLAGS)")[1]
            return [line.decode() for line in lines if line]

    def empty(self) -> None:
        with self.open() as box:
            for line in box.list()[1]:
                name = line.decode().rpartition(' "." ')[2].strip('"')
                if name != "INBOX":
                    box.delete(f'"{name}"')
            box.select("INBOX")
            box.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
            box.expunge()

    def stop(self) -> None:
        _stop(self.process)
        shutil.rmtree(self.home, ignore_errors=True)


def start_mail() -> MailServer:
    dovecot = find_program("dovecot", "dovecot-imapd")
    home = _home("im")
    user, group, account = _who()
    port, plain = free_port(), free_port()
    certificate(home)
    (home / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n", encoding="utf-8")
    (home / "conf").write_text(_DOVECOT.format(home=home, user=user, group=group, plain=plain, secure=port))
    if account:
        for path in home.iterdir():
            shutil.chown(path, user, group)
    with (home / "out").open("wb") as log:
        process = subprocess.Popen(
            [dovecot, "-F", "-c", str(home / "conf")], cwd=home, stdout=log, stderr=log, **account
        )  # type: ignore[call-overload]
    server = MailServer(home, port, plain, process)

    def attempt() -> None:
        server.open().logout()

    _wait(process, attempt, home)
    return server


_SSHD = """
ListenAddress 127.0.0.1
Port {port}
HostKey {home}/host_key
PidFile {home}/pid
AuthorizedKeysFile {home}/authorized_keys
PasswordAuthentication no
PubkeyAuthentication yes
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
LogLevel ERROR
Subsystem sftp internal-sftp -d {folder}
"""


@dataclass
class SftpServer:
    """One sshd that lets its own user in by key; `folder` is where a session begins."""

    home: Path
    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    user: str

    @property
    def key_file(self) -> Path:
        return self.home / "client_key"

    @property
    def host_key(self) -> str:
        return (self.home / "host_key.pub").read_text().strip()

    def environment(self) -> dict[str, str]:
        return {
            "WATERWORKS_SFTP_HOST": "127.0.0.1",
            "WATERWORKS_SFTP_USER": self.user,
            "WATERWORKS_SFTP_KEY": str(self.key_file),
        }

    def stop(self) -> None:
        _stop(self.process)
        shutil.rmtree(self.home, ignore_errors=True)


def start_sftp() -> SftpServer:
    """sshd runs as whoever runs the tests; it needs no other account, because that user logs in to it."""
    sshd = find_program("sshd", "openssh-server")
    keygen = find_program("ssh-keygen", "openssh-client")
    home = Path(tempfile.mkdtemp(prefix="ww-sf-"))
    folder, port = home / "files", free_port()
    folder.mkdir()
    for name in ("host_key", "client_key"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(home / name)], check=True)
    shutil.copy(home / "client_key.pub", home / "authorized_keys")
    (home / "conf").write_text(_SSHD.format(home=home, port=port, folder=folder))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd started by root insists on its empty folder
    with (home / "out").open("wb") as log:
        process = subprocess.Popen([sshd, "-D", "-e", "-f", str(home / "conf")], cwd=home, stdout=log, stderr=log)

    def attempt() -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            assert connection.recv(4) == b"SSH-"

    _wait(process, attempt, home)
    return SftpServer(home, port, folder, process, pwd.getpwuid(os.geteuid()).pw_name)


def _wait(process: subprocess.Popen[bytes], attempt: object, home: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            attempt()  # type: ignore[operator]
            return
        except (OSError, AssertionError, imaplib.IMAP4.error) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                said = "".join(
                    path.read_text(errors="replace")[-2000:] for path in (home / "out", home / "log") if path.exists()
                )
                _stop(process)
                raise RuntimeError(f"the server did not start ({error}):\n{said}") from error
        time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
            return
        process.kill()
        process.wait(timeout=10)


def new_message_id() -> str:
    return f"<{secrets.token_hex(8)}@test.example>"
