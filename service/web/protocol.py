"""Uvicorn's HTTP protocol, except that malformed requests get a problem response too."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.web.kinds import MALFORMED_REQUEST
from service.web.problems import problem


class ProblemProtocol(HttpToolsProtocol):
    """Answers a request that cannot be parsed with a problem, as for every other error."""

    def send_400_response(self, msg: str) -> None:
        """Writes the problem and closes the connection."""
        response = problem(MALFORMED_REQUEST, msg)
        headers = [*self.server_state.default_headers, *response.raw_headers]
        headers.append((b"connection", b"close"))
        lines = [b"HTTP/1.1 400 Bad Request", *(b": ".join(header) for header in headers)]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(response.body)]))
        self.transport.close()
