#!/usr/bin/env python3
"""Keeps HTTP load on a guestbook and counts what fails. Bounded in rate and time; talks to one address only.

  load.py http://127.0.0.1:8480 --rate 300 --stop-file FILE [--seconds 120] [--acknowledged FILE]

Half of the workers keep their connection, half open a new one for each request; a tenth of the requests post an entry. A request that gets no answer, or another than 200 or 201, has failed; nothing is tried twice. Ends when the
stop file appears or the time is over, and prints one JSON object.
"""

import argparse
import http.client
import json
import os
import threading
import time
import urllib.parse


class Worker(threading.Thread):
    def __init__(self, number: int, options: argparse.Namespace, stop: threading.Event) -> None:
        super().__init__()
        self.number = number
        self.options = options
        self.stop = stop
        self.keeps = number % 2 == 0
        self.sent = 0
        self.posted = 0
        self.failures: list[str] = []
        self.acknowledged: list[str] = []
        self.times: list[float] = []
        self.versions: set[str] = set()

    def run(self) -> None:
        address = urllib.parse.urlsplit(self.options.url)
        interval = self.options.workers / self.options.rate
        due = time.monotonic() + interval * self.number / self.options.workers
        connection = None
        while not self.stop.is_set():
            delay = due - time.monotonic()
            if delay > 0 and self.stop.wait(delay):
                break
            due = max(due + interval, time.monotonic() - 1)
            if connection is None:
                connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
            if not self.request(connection) or not self.keeps:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def request(self, connection: http.client.HTTPConnection) -> bool:
        self.sent += 1
        posts = self.options.posts > 0 and self.sent % self.options.posts == 0
        entry = f"{os.getpid()}-{self.number}-{self.sent}"
        start = time.monotonic()
        try:
            headers = {} if self.keeps else {"Connection": "close"}
            if posts:
                self.posted += 1
                headers["X-Entry-Id"] = entry
                connection.request("POST", "/entries", body=entry.encode(), headers=headers)
            else:
                connection.request("GET", self.options.get, headers=headers)
            response = connection.getresponse()
            response.read()
            if response.status not in (200, 201):
                raise http.client.HTTPException(f"status {response.status}")
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(f"{type(error).__name__}: {error}")
            return False
        self.times.append(time.monotonic() - start)
        self.versions.add(response.getheader("Server", "").split(" ")[0])
        if posts:
            self.acknowledged.append(entry)
        return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rate", type=float, default=300)
    parser.add_argument("--workers", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--stop-file", required=True)
    parser.add_argument("--get", default="/healthz", help="what is asked for")
    parser.add_argument("--posts", type=int, default=10, help="every which request posts an entry; 0 for none")
    parser.add_argument("--acknowledged")
    options = parser.parse_args()
    stop = threading.Event()
    workers = [Worker(number, options, stop) for number in range(options.workers)]
    begin = time.monotonic()
    for worker in workers:
        worker.start()
    while time.monotonic() - begin < options.seconds and not os.path.exists(options.stop_file):
        time.sleep(0.05)
    stop.set()
    for worker in workers:
        worker.join()
    times = sorted(moment for worker in workers for moment in worker.times)
    failures = [failure for worker in workers for failure in worker.failures]
    if options.acknowledged:
        with open(options.acknowledged, "w") as file:
            file.writelines(entry + "\n" for worker in workers for entry in worker.acknowledged)
    print(
        json.dumps(
            {
                "seconds": round(time.monotonic() - begin, 1),
                "sent": sum(worker.sent for worker in workers),
                "failed": len(failures),
                "posted": sum(worker.posted for worker in workers),
                "acknowledged": sum(len(worker.acknowledged) for worker in workers),
                "p50_ms": round(1000 * times[len(times) // 2], 1) if times else None,
                "p99_ms": round(1000 * times[len(times) * 99 // 100], 1) if times else None,
                "versions": sorted(set().union(*(worker.versions for worker in workers))),
                "failures": failures[:10],
            }
        )
    )


if __name__ == "__main__":
    main()
