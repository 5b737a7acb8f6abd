"""A stand-in for the kubelet of one node, for a cluster without nodes.

It binds each pod to the node, gives it the status that its annotation `mood` asks for, and
lets it go once it is deleted. It runs no container. What a pod has said is what its
annotation `said` has, and `kubectl logs` gets it from here. What is followed gets what that becomes, and
ends without a word when it becomes `cut`.

Called with: URL of the server, token, certificate and key of its own, its port.
"""

import http.server
import json
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request

URL, TOKEN, CERTIFICATE, KEY, PORT = sys.argv[1:6]
NODE = "node-1"
BLIND = ssl.create_default_context()
BLIND.check_hostname = False
BLIND.verify_mode = ssl.CERT_NONE


def ask(method, path, body=None, kind="application/json", timeout=30):
    request = urllib.request.Request(URL + path, method=method, data=body and json.dumps(body).encode())
    request.add_header("Authorization", "Bearer " + TOKEN)
    request.add_header("Content-Type", kind)
    return urllib.request.urlopen(request, context=BLIND, timeout=timeout)


def tell(method, path, body=None, kind="application/json"):
    try:
        with ask(method, path, body, kind) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        # Somebody was faster: there will be an event of that.
        if error.code not in (404, 409):
            sys.stderr.write(f"{method} {path}: {error.code} {error.read()!r}\n")


def status(pod, mood):
    """Returns the status of a pod in a mood such as `ready`, or `crash:3`."""
    mood, _, code = mood.partition(":")
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    ended = {"terminated": {"exitCode": int(code or 1), "reason": "OOMKilled" if code == "137" else "Error",
                            "startedAt": now, "finishedAt": now}}
    state, last, restarts = {"running": {"startedAt": now}}, {}, 0
    if mood == "crash":
        state, last, restarts = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}, ended, 4
    elif mood == "image":
        state = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
    elif mood == "starting":
        state = {"waiting": {"reason": "ContainerCreating"}}
    is_ready = mood in ("ready", "deaf")
    containers = [{"name": one["name"], "image": one["image"], "imageID": "", "ready": is_ready, "started": is_ready,
                   "restartCount": restarts, "state": state, "lastState": last}
                  for one in pod["spec"]["containers"]]
    condition = {"type": "Ready", "status": "True" if is_ready else "False", "lastTransitionTime": now}
    phase = "Pending" if mood in ("image", "starting") else "Running"
    if mood == "done":
        phase = "Succeeded"
    return {"status": {"phase": phase, "message": mood + code, "hostIP": "127.0.0.1", "startTime": now,
                       "conditions": [condition], "containerStatuses": containers}}


def meet(pod):
    meta, spec = pod["metadata"], pod["spec"]
    path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
    mood = meta.get("annotations", {}).get("mood", "ready")
    if not spec.get("nodeName"):
        target = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": meta["name"]},
                  "target": {"apiVersion": "v1", "kind": "Node", "name": NODE}}
        return tell("POST", path + "/binding", target)
    if meta.get("deletionTimestamp"):
        # One that is deaf goes on until it is killed.
        if mood == "deaf" and meta.get("deletionGracePeriodSeconds", 30) > 5:
            return None
        time.sleep(0.2)
        now = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
        return tell("DELETE", path, now)
    if pod.get("status", {}).get("message") != mood.replace(":", ""):
        return tell("PATCH", path + "/status", status(pod, mood), "application/merge-patch+json")
    return None


def watch():
    while True:
        try:
            with ask("GET", "/api/v1/pods?watch=true", timeout=3600) as events:
                for line in events:
                    event = json.loads(line)
                    if event["type"] in ("ADDED", "MODIFIED"):
                        threading.Thread(target=meet, args=(event["object"],), daemon=True).start()
        except OSError:
            pass
        time.sleep(0.2)


class Logs(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        # /containerLogs/NAMESPACE/POD/CONTAINER
        path, _, query = self.path.partition("?")
        _, kind, namespace, pod, container = path.split("/")
        self.send_response(200)
        self.end_headers()
        last = None
        while found := tell("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}"):
            said = found["metadata"].get("annotations", {}).get("said", "up")
            if said == "cut" and last:
                return
            if said not in (last, "cut"):
                self.wfile.write(f"{said} from {container}\n".encode())
            if "follow=true" not in query:
                return
            last = said
            time.sleep(0.1)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(PORT)), Logs)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
tell("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}})
tell("PATCH", f"/api/v1/nodes/{NODE}/status", {"status": {
    "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
    "daemonEndpoints": {"kubeletEndpoint": {"Port": server.server_address[1]}}}}, "application/merge-patch+json")
print("up", flush=True)
watch()
