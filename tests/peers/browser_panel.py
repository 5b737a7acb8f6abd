"""Uses the example panel in a real browser: BROWSER PAGE-URL WEBSOCKET-URL PREFIX INSTANCE.

Connects, waits for the row of the instance, asks for a restart with its button, and prints
each new state of its row and each new text of the line below, one a line, until the state is
unknown. The page itself writes down each of its changes, so that none is too short to be seen.
"""

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

import websocket

browser, page, server, prefix, instance = sys.argv[1:]
OBSERVE = """(() => {
  const said = document.getElementById("said"), rows = document.getElementById("rows");
  const observer = new MutationObserver((records) => {
    for (const { target, addedNodes } of records) {
      const nodes = [...addedNodes];
      const row = nodes.find((node) => node.cells?.[0].textContent === INSTANCE);
      if (target === said) changes.push([1, nodes.map((node) => node.textContent).join("")]);
      else changes.push([0, row ? row.cells[1].textContent : "none"]);
    }
  });
  window.changes = [];
  for (const one of [said, rows]) observer.observe(one, { childList: true });
})()""".replace("INSTANCE", json.dumps(instance))
CONNECT = f"""
  document.getElementById("server").value = {json.dumps(server)};
  document.getElementById("prefix").value = {json.dumps(prefix)};
  document.querySelector("form button").click();
"""
CLICK = f"""[...document.querySelectorAll("#rows tr")]
  .find((row) => row.cells[0].textContent === {json.dumps(instance)}).querySelector("button").click()"""


def main(profile):
    words = [browser, "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", f"--user-data-dir={profile}", page]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # Debian's is a script, with the browser as its child.
    process = subprocess.Popen(words, start_new_session=True, **quiet)
    try:
        ports = os.path.join(profile, "DevToolsActivePort")
        while not os.path.exists(ports) or not open(ports).read().strip():
            if process.poll() is not None:
                sys.exit("the browser has ended")
            time.sleep(0.05)
        port = open(ports).read().split()[0]
        while True:
            targets = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list"))
            found = [one for one in targets if one["type"] == "page" and one["url"] == page]
            if found:
                break
            time.sleep(0.05)
        tab = websocket.create_connection(found[0]["webSocketDebuggerUrl"], suppress_origin=True)
        numbers = itertools.count(1)

        def evaluate(expression):
            number = next(numbers)
            parameters = {"expression": expression, "returnByValue": True}
            tab.send(json.dumps({"id": number, "method": "Runtime.evaluate", "params": parameters}))
            while True:
                answer = json.loads(tab.recv())
                if answer.get("id") == number:
                    if "exceptionDetails" in answer["result"]:
                        sys.exit(f"the page fails: {answer['result']['exceptionDetails']}")
                    return answer["result"]["result"].get("value")

        is_loaded = f"location.href === {json.dumps(page)} && document.readyState === 'complete'"
        while not evaluate(is_loaded):
            time.sleep(0.05)
        evaluate(OBSERVE)
        evaluate(CONNECT)
        seen, asked = ["", ""], False
        while True:
            for which, text in evaluate("changes.splice(0)"):
                if seen[which] != text:
                    print(text, flush=True)
                seen[which] = text
                if asked and text == "unknown":
                    return
            if seen[0] == "running" and not asked:
                asked = True
                evaluate(CLICK)
            time.sleep(0.02)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


with tempfile.TemporaryDirectory() as profile:
    main(profile)
