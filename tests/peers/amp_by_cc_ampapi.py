"""Asks a panel of AMP by the package `cc-ampapi`: amp_by_cc_ampapi.py URL USER PASSWORD."""

import asyncio
import sys

from ampapi import ActionResultError, AMPControllerInstance, APIParams, Bridge

url, user, password = sys.argv[1:]


def proper(answer):
    """Returns the answer, or ends with what the package makes of a wrong one."""
    if isinstance(answer, ActionResultError):
        sys.exit(f"{answer.reason}: {answer.result!r}")
    return answer


async def main():
    Bridge(api_params=APIParams(url=url, user=user, password=password))
    controller = AMPControllerInstance()
    instances = proper(await controller.get_instances())
    for instance in sorted(instances, key=lambda one: one.instance_name):
        players = instance.metrics.active_users
        print(instance.instance_name, instance.running, instance.app_state.value, players.raw_value, players.max_value)
    running = next(one for one in instances if one.running)
    proper(await running.send_console_message("hello"))
    updates = proper(await running.get_updates())
    print([entry.contents for entry in updates.console_entries])
    print([(task.name, int(task.progress_percent)) for task in updates.tasks])
    for session in {one.session for one in [controller, *instances] if one.session is not None}:
        await session.close()


asyncio.run(main())
