"""A network camera beneath the adapter: a real HTTP server on this machine that streams MJPEG."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2

from edge.ports import Image

_BOUNDARY = b"frame"


class MjpegCamera:
    """Streams pictures 25 times a second to whoever asks; each connection breaks off after some.

    Args:
        pictures: Streamed over and over.
        frames_per_connection: After so many the camera hangs up.
    """

    def __init__(self, pictures: list[Image], frames_per_connection: int) -> None:
        encoded = [cv2.imencode(".jpg", image)[1].tobytes() for image in pictures]
        self.connections = 0
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera.connections += 1
                self.send_response(200)
                self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY.decode()}")
                self.end_headers()
                try:
                    for index in range(frames_per_connection):
                        body = encoded[index % len(encoded)]
                        head = b"--%s\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
                        self.wfile.write(head % (_BOUNDARY, len(body)) + body + b"\r\n")
                        time.sleep(0.04)
                except (BrokenPipeError, ConnectionResetError):
                    return

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://viewer:secret@127.0.0.1:{self._server.server_port}/stream"

    def __enter__(self) -> "MjpegCamera":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
