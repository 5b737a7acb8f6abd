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

complete -c gamectl -n "__fish_gamectl_needs_command" -s f -l inventory -d 'The inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_needs_command" -l state-dir -d 'The directory of records, consoles and logs' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_needs_command" -l color -d 'Use colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_needs_command" -l lock-wait -d 'The longest wait for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_needs_command" -l json -d 'Answer with JSON'
complete -c gamectl -n "__fish_gamectl_needs_command" -s q -l quiet -d 'Print failures only'
complete -c gamectl -n "__fish_gamectl_needs_command" -s v -l verbose -d 'Report more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_needs_command" -s V -l version -d 'Print version'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "start" -d 'Start instances and wait until they are ready'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "stop" -d 'Stop instances and wait until nothing of them is left'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "restart" -d 'Stop instances, then start them'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "status" -d 'Show the state of instances'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "watch" -d 'Watch the state of instances'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "logs" -d 'Show what instances printed'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "run" -d 'Watch instances, start them, and start them again after a crash'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "send" -d 'Send a line to a game and print what it replies'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "console" -d 'Attach to the console of a game; Ctrl-D or Ctrl-] detaches'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "games" -d 'List the known games, or print one to paste into an inventory'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "check" -d 'Check the inventory and what its servers need, without starting anything'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "init" -d 'Write an inventory to begin with, where there is none'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "schema" -d 'Print the JSON Schema of the inventory, for editors'
complete -c gamectl -n "__fish_gamectl_needs_command" -f -a "completions" -d 'Print the completions for a shell'
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -l inventory -d 'The inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -l timeout -d 'The longest wait for ready, in place of the instance\'s own `ready.timeout`' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -l state-dir -d 'The directory of records, consoles and logs' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -l color -d 'Use colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -l lock-wait -d 'The longest wait for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -s a -l all -d 'Every instance of the inventory'
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -l no-wait -d 'Return at the launch, without waiting for ready'
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -s n -l dry-run -d 'Show what would be done, and do nothing'
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -l json -d 'Answer with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -s q -l quiet -d 'Print failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -s v -l verbose -d 'Report more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l inventory -d 'The inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l timeout -d 'The longest wait for the end; the stop itself goes on' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l state-dir -d 'The directory of records, consoles and logs' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l color -d 'Use colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l lock-wait -d 'The longest wait for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -s a -l all -d 'Every instance of the inventory'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l now -d 'Skip the chain: send TERM, and kill after 5 seconds'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l force -d 'Stop also what another inventory has started'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -s n -l dry-run -d 'Show what would be done, and do nothing'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -l json -d 'Answer with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -s q -l quiet -d 'Print failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -s v -l verbose -d 'Report more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l inventory -d 'The inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l timeout -d 'The longest wait for the new start to be ready, the stop included' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l state-dir -d 'The directory of records, consoles and logs' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l color -d 'Use colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l lock-wait -d 'The longest wait for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -s a -l all -d 'Every instance of the inventory'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l no-wait -d 'Return at the launch, without waiting for ready'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l now -d 'Skip the chain of the stop: send TERM, and kill after 5 seconds'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l force -d 'Restart also what another inventory has started'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -s n -l dry-run -d 'Show what would be done, and do nothing'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -l json -d 'Answer with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -s q -l quiet -d 'Print failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -s v -l verbose -d 'Report more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand restart" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -l inventory -d 'The inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -l state-dir -d 'The directory of records, consoles and logs' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -l color -d 'Use colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -l lock-wait -d 'The longest wait for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -s a -l all -d 'Every instance of the inventory'
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -l any -d 'Exit with 0 when at least one runs, else with 3'
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -l json -d 'Answer with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -s q -l quiet -d 'Print failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -s v -l verbose -d 'Report more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l inventory -d 'The inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l until -d 'End with 0 when all managed instances are in this state' -r -f -a "running\t'Ready for players'
stopped\t'Nothing of it runs, as requested'
starting\t'Launched, not yet ready'
stopping\t'Ending, with some of its processes still there'
crashed\t'Ended without having been asked to'
unmanaged\t'No plane manages it'"
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l timeout -d 'The longest wait for that; it then ends with 124' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l state-dir -d 'The directory of records, consoles and logs' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l color -d 'Use colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l lock-wait -d 'The longest wait for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -s a -l all -d 'Every instance of the inventory'
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -l json -d 'Answer with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -s q -l quiet -d 'Print failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -s v -l verbose -d 'Report more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -l inventory -d 'The inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -s n -l lines -d 'The number of last lines to show first, or `all`' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -l since -d 'Begin at a time instead: 10m (ago), or 2026-01-31T20:00:00Z; may begin ten seconds early' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -l state-dir -d 'The directory of records, consoles and logs' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -l color -d 'Use colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -l lock-wait -d 'The longest wait for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -s a -l all -d 'Every instance of the inventory'
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -s f -l follow -d 'Go on with new output'
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -l raw -d 'Print the bytes as they are, including those that could harm a terminal'
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -l json -d 'Answer with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -s q -l quiet -d 'Print failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -s v -l verbose -d 'Report more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l inventory -d 'The inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l on-exit -d 'What to do with the instances at the end' -r -f -a "leave\t'They go on'
stop\t'They are stopped'
stop-at-shutdown\t'They are stopped when systemd shuts the host down, and go on otherwise'"
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l at-once -d 'The most that may be launched at the same time; without it: four per core' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l heartbeat-interval -d 'With --json: how often to report each instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l state-dir -d 'The directory of records, consoles and logs' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l color -d 'Use colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l lock-wait -d 'The longest wait for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -s a -l all -d 'Every instance of the inventory'
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -l json -d 'Answer with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -s q -l quiet -d 'Print failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -s v -l verbose -d 'Report more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -l timeout -d 'The limit for connecting, sending and the reply' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -l inventory -d 'The inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -l state-dir -d 'The directory of records, consoles and logs' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -l color -d 'Use colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -l lock-wait -d 'The longest wait for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -l json -d 'Answer with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -s q -l quiet -d 'Print failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -s v -l verbose -d 'Report more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand send" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -s n -l lines -d 'The number of last lines to show first' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -l inventory -d 'The inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -l state-dir -d 'The directory of records, consoles and logs' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -l color -d 'Use colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -l lock-wait -d 'The longest wait for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -l json -d 'Answer with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -s q -l quiet -d 'Print failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -s v -l verbose -d 'Report more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand console" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand games" -l state-dir -d 'The directory of records, consoles and logs' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand games" -l color -d 'Use colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand games" -l lock-wait -d 'The longest wait for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand games" -l json -d 'Answer with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand games" -s q -l quiet -d 'Print failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand games" -s v -l verbose -d 'Report more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand games" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand check" -l inventory -d 'The inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand check" -l state-dir -d 'The directory of records, consoles and logs' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand check" -l color -d 'Use colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand check" -l lock-wait -d 'The longest wait for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand check" -l json -d 'Answer with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand check" -s q -l quiet -d 'Print failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand check" -s v -l verbose -d 'Report more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -l inventory -d 'The inventory; - is standard input' -r -F
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -l state-dir -d 'The directory of records, consoles and logs' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -l color -d 'Use colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -l lock-wait -d 'The longest wait for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -l json -d 'Answer with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -s q -l quiet -d 'Print failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -s v -l verbose -d 'Report more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand schema" -l state-dir -d 'The directory of records, consoles and logs' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand schema" -l color -d 'Use colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand schema" -l lock-wait -d 'The longest wait for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand schema" -l json -d 'Answer with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand schema" -s q -l quiet -d 'Print failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand schema" -s v -l verbose -d 'Report more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gamectl -n "__fish_gamectl_using_subcommand completions" -l state-dir -d 'The directory of records, consoles and logs' -r -f -a "(__fish_complete_directories)"
complete -c gamectl -n "__fish_gamectl_using_subcommand completions" -l color -d 'Use colour; without it: auto' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gamectl -n "__fish_gamectl_using_subcommand completions" -l lock-wait -d 'The longest wait for another gamectl that holds an instance' -r
complete -c gamectl -n "__fish_gamectl_using_subcommand completions" -l json -d 'Answer with JSON'
complete -c gamectl -n "__fish_gamectl_using_subcommand completions" -s q -l quiet -d 'Print failures only'
complete -c gamectl -n "__fish_gamectl_using_subcommand completions" -s v -l verbose -d 'Report more on the way; twice: everything'
complete -c gamectl -n "__fish_gamectl_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'

# What stands in the inventory in use.
function __gamectl_values
    set -l before (commandline -opc)
    command $before[1] __complete (commandline -ct) $before[2..-1] 2> /dev/null
end
complete -c gamectl -f -a '(__gamectl_values)'
