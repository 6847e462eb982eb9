"""A service that keeps short notes: POST / stores one, GET / lists them."""

import http.server
import os
import socket
import socketserver
import sqlite3

DATABASE = os.path.join(os.environ.get("STATE_DIRECTORY", "/var/lib/notes"), "notes.db")


class Notes(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with sqlite3.connect(DATABASE) as db:
            rows = db.execute("SELECT text FROM notes ORDER BY id").fetchall()
        self.reply(200, "".join(f"{text}\n" for (text,) in rows))

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with sqlite3.connect(DATABASE) as db:
            db.execute("INSERT INTO notes (text) VALUES (?)", (text,))
        self.reply(201, "")

    def reply(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(socketserver.ThreadingTCPServer):
    """HTTPServer would ask name servers for the name of its own address."""

    allow_reuse_address = True
    daemon_threads = True


def notify(state):
    """Tell systemd, where it asked for that."""
    if path := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(state.encode(), path)


def main():
    with sqlite3.connect(DATABASE) as db:
        db.execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT)")
    server = Server(("127.0.0.1", 8000), Notes)
    notify("READY=1")
    server.serve_forever()


if __name__ == "__main__":
    main()
