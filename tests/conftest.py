"""Small runs that many tests use."""

import http.server
import threading
from pathlib import Path

import hypothesis
import pytest
import torch

from normscape import components
from normscape.training.run import Run, Spec
from project import run, shared

# Generated inputs may take long on a busy machine, which says nothing about the code.
hypothesis.settings.register_profile(
    "project",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("project")

# One thread, as in the jobs: tests are many small computations.
torch.set_num_threads(1)

NETWORKS = {
    "vgg": {
        "width": 2,
        "initialisation": "he_normal",
    },
    "resnet": {"depth": 8, "width": 2, "initialisation": "he_normal"},
    "vit": {"depth": 2, "width": 8, "heads": 2, "initialisation": "glorot_normal"},
    "dln": {"depth": 5, "initialisation": "glorot_normal"},
}
BATCH_SIZES = {"vgg": 32, "resnet": 32, "vit": 32, "dln": None}


@pytest.fixture(scope="session")
def make_data():
    """make_data(model): 70 small images with four labels, or a linear problem."""

    def make(model="vgg"):
        draws = torch.Generator().manual_seed(5)
        if model == "dln":
            return {
                "train_inputs": torch.randn(40, 6, generator=draws),
                "train_targets": torch.randn(40, 6, generator=draws),
            }
        return {
            "train_inputs": torch.randn(70, 16, 16, 1, generator=draws),
            "train_targets": torch.arange(70) % 4,
            "test_inputs": torch.randn(30, 16, 16, 1, generator=draws),
            "test_targets": torch.arange(30) % 4,
        }

    return make


@pytest.fixture(scope="session")
def make_run(make_data):
    """make_run(model, norm, lr, seed, device, **optimiser): a small run at step 0.

    What is not given of the optimiser, SGD unless named, and of the norm is the default.
    """

    def make(model="vgg", norm="batch", lr=0.1, seed=0, device="cpu", **optimiser):
        optimiser = {
            "name": "SGD",
            "batch_size": BATCH_SIZES[model],
            "l2_penalty": 0,
        } | optimiser
        settings = components.defaults("norms", norm)
        spec = Spec(model, model, norm, lr, seed, NETWORKS[model], settings, optimiser)
        return Run(spec, make_data(model), device)

    return make


@pytest.fixture
def serve():
    """serve(handler): a web server on localhost with this handler class."""
    servers = []

    def start(handler):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def file_server(serve):
    """file_server(content): the address at which a server offers it."""

    def start(content):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        return f"http://127.0.0.1:{serve(Handler).server_port}/file"

    return start


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A copy of the project in which the tiny experiment has run; not to be changed."""
    return shared(tmp_path_factory, "finished", run)
