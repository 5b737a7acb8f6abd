# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_gamectl_global_optspecs
    string join \n f/inventory= state-dir= json q/quiet v/verbose color= lock-wait= h/help V/version
end

function __fish_gamectl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_gamectl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_gamectl_using_subcommand
    set -l cmd (__fish_gamectl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c gamectl -n "__fish_gamectl_needs_command" -s f -l inventory -d 'Uses this inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_needs_command" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_needs_command" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_needs_command" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_needs_command" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_needs_command" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_needs_command" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_needs_command" -s V -l version -d 'Print version'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "start" -d 'Starts instances and waits until they are ready'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "stop" -d 'Stops instances and waits until nothing of them runs'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "restart" -d 'Stops instances, then starts them'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "status" -d 'Shows the state of instances'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "watch" -d 'Watches the state of instances'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "logs" -d 'Shows what instances printed'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "run" -d 'Watches instances, starts them, and starts them again after a crash'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "send" -d 'Sends a line to a game and prints what it replies'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "console" -d 'Attaches to the console of a game; Ctrl-D or Ctrl-] detaches'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "schedule" -d 'Shows what schedules do next, skips that, or cancels a countdown'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "games" -d 'Lists the known games, or prints one to paste into an inventory'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "notify" -d 'Sends a test message to those whom an instance tells of what happens'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "check" -d 'Checks the inventory and what its servers need, without starting anything'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "host" -d 'Checks the other hosts of the inventory, or installs gamectl there'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "init" -d 'Writes an inventory to begin with, where there is none'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "import" -d 'Makes instances of what other tools have: eggs, templates of AMP, LinuxGSM, units, compose files'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "schema" -d 'Prints the JSON Schema of the inventory, for editors'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "completions" -d 'Prints the completions for a shell'
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -l inventory -d 'Uses this inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -l timeout -d 'Waits this long at most until it is ready, in place of the instance\'s `ready.timeout`' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -s a -l all -d 'Selects every instance of the inventory'
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -l no-wait -d 'Returns once the game is launched, and does not wait until it is ready'
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -l no-needs -d 'Starts nothing else, and waits for nothing that it needs'
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -s n -l dry-run -d 'Shows what would be done, and does nothing'
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -l nats -d 'Asks the instances of all nodes over the link of the inventory; they are named NODE/ID'
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l inventory -d 'Uses this inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l timeout -d 'Waits this long at most for the end; the stop itself goes on. It counts from after the warnings, and the wait for nobody to play' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l warn -d 'Warns the players this long before the end, as 15m,5m,1m,10s; without TIMES, as the instance\'s `warn` has it. Skipped when nobody plays' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l message -d 'Tells the players this; {time} stands for the time that is left' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l max-wait -d 'Waits this long at most until nobody plays, then goes on, with the warnings' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -s a -l all -d 'Selects every instance of the inventory'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l now -d 'Skips the stop chain: sends TERM, and kills what is left after 5 seconds'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l when-empty -d 'Waits until nobody plays; players who cannot be counted count as somebody'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l or-skip -d 'Leaves it as it is if somebody still plays after --max-wait'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l force -d 'Stops also what another inventory has started'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l with-dependents -d 'Stops first also what needs it and runs'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l no-needs -d 'Stops it although others need it, and waits for none of them'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -s n -l dry-run -d 'Shows what would be done, and does nothing'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l nats -d 'Asks the instances of all nodes over the link of the inventory; they are named NODE/ID'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l inventory -d 'Uses this inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l timeout -d 'Waits this long at most for the stop, and until the game is ready again. It counts from after the warnings, and the wait for nobody to play' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l warn -d 'Warns the players this long before the end, as 15m,5m,1m,10s; without TIMES, as the instance\'s `warn` has it. Skipped when nobody plays' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l message -d 'Tells the players this; {time} stands for the time that is left' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l max-wait -d 'Waits this long at most until nobody plays, then goes on, with the warnings' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -s a -l all -d 'Selects every instance of the inventory'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l no-wait -d 'Returns once the game is launched, and does not wait until it is ready'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l now -d 'Skips the stop chain: sends TERM, and kills what is left after 5 seconds'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l when-empty -d 'Waits until nobody plays; players who cannot be counted count as somebody'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l or-skip -d 'Leaves it as it is if somebody still plays after --max-wait'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l force -d 'Restarts also what another inventory has started'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l with-dependents -d 'Restarts also what needs it and runs'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l no-needs -d 'Restarts it although others need it, and waits for nothing that it needs'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -s n -l dry-run -d 'Shows what would be done, and does nothing'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l nats -d 'Asks the instances of all nodes over the link of the inventory; they are named NODE/ID'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -l inventory -d 'Uses this inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -s a -l all -d 'Selects every instance of the inventory'
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -l any -d 'Exits with 0 when at least one instance runs, else with 3'
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -s w -l wide -d 'Shows also what each instance uses: CPU, memory, tasks, and read and written'
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -l nats -d 'Asks the instances of all nodes over the link of the inventory; they are named NODE/ID'
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l inventory -d 'Uses this inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l until -d 'Ends with 0 once all managed instances are in this state' -r -f -a "running\t'Players can join it'
stopped\t'Nothing of it runs, because it was stopped or never started'
starting\t'The game is launched, and not ready yet'
stopping\t'The game is ending, and some of its processes are still there'
crashed\t'The game ended, and nobody had asked for that'
unmanaged\t'gamectl does not manage it'"
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l timeout -d 'Waits this long at most for that state, and then ends with 124' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -s a -l all -d 'Selects every instance of the inventory'
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -s w -l wide -d 'Shows also tasks, and what was read and written, and leaves out other columns first; with --json, tells what each instance uses'
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l nats -d 'Asks the instances of all nodes over the link of the inventory; they are named NODE/ID'
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l read-only -d 'Changes nothing, whatever key is pressed'
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l plain -d 'Prints a line for each change, on a terminal too: for screen readers'
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -l inventory -d 'Uses this inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -s n -l lines -d 'Shows this many of the last lines first, or `all`' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -l since -d 'Begins at a time instead: 10m (ago), or 2026-01-31T20:00:00Z; what has no time of its own is shown if it may be as late' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -s a -l all -d 'Selects every instance of the inventory'
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -s f -l follow -d 'Goes on with new output'
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -s t -l timestamps -d 'Shows before each line when it was printed, and where a launch began and ended'
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -l previous -d 'Shows the launch before the last'
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -l raw -d 'Prints the bytes as they are, including those that could harm a terminal'
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l inventory -d 'Uses this inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l on-exit -d 'Says what becomes of the instances when the watching ends' -r -f -a "leave\t'They go on'
stop\t'They are stopped'
stop-at-shutdown\t'They are stopped when systemd shuts the host down, and go on otherwise'"
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l at-once -d 'Launches this many at the same time at most; without it: four per core' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l heartbeat-interval -d 'Reports each instance this often, with --json' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l metrics-file -d 'Keeps metrics in a file, in the format OpenMetrics: for the textfile collector of node_exporter, with a name that ends with .prom' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l metrics -d 'Serves metrics over HTTP to this machine: unix:PATH, or 127.0.0.1:PORT' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -s a -l all -d 'Selects every instance of the inventory'
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -s w -l wide -d 'Shows also tasks, and what was read and written, and leaves out other columns first; with --json, tells what each instance uses'
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l plain -d 'Prints a line for each change, on a terminal too: for screen readers'
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -l timeout -d 'Waits this long at most to connect, to send and for the reply' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -l inventory -d 'Uses this inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -s n -l lines -d 'Shows this many of the last lines first' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -l inventory -d 'Uses this inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand schedule" -l inventory -d 'Uses this inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand schedule" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand schedule" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand schedule" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand schedule" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand schedule" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand schedule" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand schedule" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand games" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand games" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand games" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand games" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand games" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand games" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand games" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand notify" -l inventory -d 'Uses this inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand notify" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand notify" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand notify" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand notify" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand notify" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand notify" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand notify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand check" -l inventory -d 'Uses this inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand check" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand check" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand check" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand check" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand check" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand check" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand host" -l inventory -d 'Uses this inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand host" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand host" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand host" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand host" -s n -l dry-run -d 'Shows what would be installed, and changes nothing'
complete -c gamectl -n "__fish_gamectl_using_subcommand host" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand host" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand host" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand host" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -l inventory -d 'Uses this inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -l from-container -d 'Writes down what is there: this container, or the stack or pod that it belongs to' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -l from-systemd -d 'Writes down what is there: this unit, of the system or of this user' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand import" -l as -d 'Takes the files for this, in place of looking at what they hold' -r -f -a "egg\t''
amp\t''
linuxgsm\t''
systemd\t''
compose\t''
docker-run\t''
procfile\t''
supervisord\t''"
complete -c gamectl -n "__fish_gamectl_using_subcommand import" -l id -d 'The id of the instance; without it, it is made from the name in the file' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand import" -l dir -d 'The folder on this host in which the server\'s files are' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand import" -l set -d 'A value for a variable that a file leaves open, or for any other of its variables' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand import" -s o -l output -d 'Writes an inventory here, where there is none; without it, it is printed' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand import" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand import" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand import" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand import" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand import" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand import" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand schema" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand schema" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand schema" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand schema" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand schema" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand schema" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand completions" -l state-dir -d 'Keeps records, consoles and logs in this directory' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand completions" -l color -d 'Uses colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand completions" -l lock-wait -d 'Waits this long at most for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand completions" -l json -d 'Answers with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand completions" -s q -l quiet -d 'Prints failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand completions" -s v -l verbose -d 'Reports more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'

# What stands in the inventory in use.
function __gamectl_values
    set -l before (commandline -opc)
    command $before[1] __complete (commandline -ct) $before[2..-1] 2> /dev/null
end
complete -c gamectl -f -a '(__gamectl_values)'
