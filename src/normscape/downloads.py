"""Files from the network: whole and as published, or not there at all."""

import time
from pathlib import Path

import pooch
import requests

ATTEMPTS = 4
TIMEOUT = 30  # seconds without an answer


class _Progress:
    """A line each tenth of the file, harmless in a log."""

    def __init__(self):
        self.total, self.done, self.told = 0, 0, 0

    def update(self, count):
        self.done += count
        tenths = min(10 * self.done // self.total, 10) if self.total else 0
        if tenths > self.told:
            self.told = tenths
            print(f"{self.done / 2**20:.1f} MiB, {tenths * 10} %", flush=True)

    def reset(self):
        self.done = 0

    def close(self):
        pass


def fetch(url: str, path, checksum: str, help: str, pause: float = 5.0) -> None:
    """Download ``url`` to ``path``, unless the right file lies there already.

    checksum : "md5:..." or "sha256:...". A transfer that breaks off starts again, up to
    four times, with ``pause`` seconds before; what arrives gets its final name only if
    the checksum is right. A ValueError says what went wrong and ends with ``help``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, ATTEMPTS + 1):
        download = pooch.HTTPDownloader(
            progressbar=_Progress(), timeout=TIMEOUT, chunk_size=2**16
        )
        try:
            pooch.retrieve(url, checksum, path.name, path.parent, downloader=download)
            return
        except requests.HTTPError as error:
            reason = f"the server answered {error.response.status_code}"
            if error.response.status_code < 500:
                break
        except requests.RequestException as error:
            reason = f"{type(error).__name__}, no whole answer"
        except ValueError:
            reason = f"what came has not the checksum {checksum}"
            break
        except OSError as error:
            reason = f"{error.strerror} in {path.parent}"
            break
        print(f"attempt {attempt} of {ATTEMPTS}: {reason}", flush=True)
        if attempt < ATTEMPTS:
            time.sleep(pause)
    raise ValueError(f"{url}: {reason}; {help}")
