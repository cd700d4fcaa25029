"""A cluster of tests/cluster/ground to measure on, with the operator in a pod, and what its servers count."""

import json
import os
import re
import subprocess
import urllib.request

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), ".."))
CLUSTER = os.path.join(ROOT, "tests/cluster/ground/cluster")


def output(*command, given=None):
    return subprocess.run(command, input=given, check=True, text=True, stdout=subprocess.PIPE).stdout


class Ground:
    def __init__(self, namespace):
        self.namespace = namespace
        output(CLUSTER, "up")
        output(CLUSTER, "install")
        self.env = dict(line.split("=", 1) for line in output(CLUSTER, "env").splitlines())
        log = os.path.join(os.path.dirname(os.path.dirname(self.env["KUBECONFIG"])), "logs/temporal.log")
        with open(log, encoding="utf-8") as text:
            port = re.findall(r"Metrics: +http://[0-9.]+:(\d+)/", text.read())[-1]
        self.temporal_metrics = f"http://{self.env['NODE_ADDRESS']}:{port}/metrics"

    def kubectl(self, *arguments, given=None):
        return output(self.env["KUBECTL"], "--kubeconfig", self.env["KUBECONFIG"], "--namespace", self.namespace, *arguments, given=given)

    def apply(self, objects):
        self.kubectl("apply", "--server-side", "--filename", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def item(self, kind, name):
        return json.loads(self.kubectl("get", kind, name, "--output", "json"))

    def items(self, kind):
        return json.loads(self.kubectl("get", kind, "--output", "json"))["items"]

    def counts(self, resources):
        """Requests so far: Temporal's frontend by operation, the API server by verb and resource, for these resources."""
        found = {}
        with urllib.request.urlopen(self.temporal_metrics, timeout=30) as answer:
            for line in answer.read().decode().splitlines():
                # What clients ask for; the server's own workers and what polls for tasks are not the operator.
                if line.startswith("service_requests{") and 'service_name="frontend"' in line:
                    operation = re.search(r'operation="(\w+)"', line).group(1)
                    if re.match(r"(Describe|Create|Update|Patch|Delete|List|Count)(Schedule|Workflow|Worker|TaskQueue)", operation):
                        found["temporal", operation] = found.get(("temporal", operation), 0) + float(line.rsplit(" ", 1)[1])
        for line in self.kubectl("get", "--raw", "/metrics").splitlines():
            if line.startswith("apiserver_request_total{") and re.search(rf'resource="({resources})"', line):
                verb, resource = (re.search(rf'\b{name}="([^"]*)"', line).group(1) for name in ("verb", "resource"))
                sub = re.search(r'subresource="([^"]*)"', line).group(1)
                key = ("API", f"{verb} {resource}{'/' + sub if sub else ''}")
                found[key] = found.get(key, 0) + float(line.rsplit(" ", 1)[1])
        return found

    def operator(self, column):
        """A column of ps for the operator."""
        lines = output(CLUSTER, "inside", "ps", "-eo", f"{column},args").splitlines()
        return max(int(line.split()[0]) for line in lines if "warpline operator" in line)

    def memory(self):
        """The operator's, in MiB."""
        return self.operator("rss") / 1024

    def processor(self):
        """The operator's time on the processor, without the compilers that it starts, in seconds."""
        return self.operator("cputimes")

    def down(self):
        output(CLUSTER, "down")
