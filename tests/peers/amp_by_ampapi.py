"""Asks a panel of AMP by the package `ampapi`: amp_by_ampapi.py URL USER PASSWORD."""

import sys

from ampapi.auth import BasicAuthProvider
from ampapi.modules import ADS, CommonAPI

url, user, password = sys.argv[1:]
controller = ADS(BasicAuthProvider(panelUrl=url, username=user, password=password))
targets = controller.ADSModule.GetInstances(ForceIncludeSelf=False)
for instance in targets[0].AvailableInstances:
    players = instance.Metrics["Active Users"]
    print(instance.InstanceName, instance.Running, instance.AppState.value, players.RawValue, players.MaxValue)

running = next(one for one in targets[0].AvailableInstances if one.Running)
through = f"{url}/API/ADSModule/Servers/{running.InstanceID}"
game = CommonAPI(BasicAuthProvider(panelUrl=through, username=user, password=password))
game.Core.SendConsoleMessage("hello")
updates = game.Core.GetUpdates()
print([entry.Contents for entry in updates.ConsoleEntries])
print([(task.Name, task.ProgressPercent) for task in updates.Tasks])
game.Core.Stop()
print(game.Core.GetStatus().State.value)
