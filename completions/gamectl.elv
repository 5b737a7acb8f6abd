
use builtin;
use str;

set edit:completion:arg-completer[gamectl] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'gamectl'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'gamectl'= {
            cand -f 'Uses this inventory; - is standard input'
            cand --inventory 'Uses this inventory; - is standard input'
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand start 'Starts instances and waits until they are ready'
            cand stop 'Stops instances and waits until nothing of them runs'
            cand restart 'Stops instances, then starts them'
            cand status 'Shows the state of instances'
            cand watch 'Watches the state of instances'
            cand logs 'Shows what instances printed'
            cand run 'Watches instances, starts them, and starts them again after a crash'
            cand send 'Sends a line to a game and prints what it replies'
            cand console 'Attaches to the console of a game; Ctrl-D or Ctrl-] detaches'
            cand schedule 'Shows what schedules do next, skips that, or cancels a countdown'
            cand games 'Lists the known games, or prints one to paste into an inventory'
            cand notify 'Sends a test message to those whom an instance tells of what happens'
            cand check 'Checks the inventory and what its servers need, without starting anything'
            cand host 'Checks the other hosts of the inventory, or installs gamectl there'
            cand init 'Writes an inventory to begin with, where there is none'
            cand schema 'Prints the JSON Schema of the inventory, for editors'
            cand completions 'Prints the completions for a shell'
        }
        &'gamectl;start'= {
            cand --inventory 'Uses this inventory; - is standard input'
            cand --timeout 'Waits this long at most until it is ready, in place of the instance''s `ready.timeout`'
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand -a 'Selects every instance of the inventory'
            cand --all 'Selects every instance of the inventory'
            cand --no-wait 'Returns once the game is launched, and does not wait until it is ready'
            cand --no-needs 'Starts nothing else, and waits for nothing that it needs'
            cand -n 'Shows what would be done, and does nothing'
            cand --dry-run 'Shows what would be done, and does nothing'
            cand --nats 'Asks the instances of all nodes over the link of the inventory; they are named NODE/ID'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;stop'= {
            cand --inventory 'Uses this inventory; - is standard input'
            cand --timeout 'Waits this long at most for the end; the stop itself goes on. It counts from after the warnings, and the wait for nobody to play'
            cand --warn 'Warns the players this long before the end, as 15m,5m,1m,10s; without TIMES, as the instance''s `warn` has it. Skipped when nobody plays'
            cand --message 'Tells the players this; {time} stands for the time that is left'
            cand --max-wait 'Waits this long at most until nobody plays, then goes on, with the warnings'
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand -a 'Selects every instance of the inventory'
            cand --all 'Selects every instance of the inventory'
            cand --now 'Skips the stop chain: sends TERM, and kills what is left after 5 seconds'
            cand --when-empty 'Waits until nobody plays; players who cannot be counted count as somebody'
            cand --or-skip 'Leaves it as it is if somebody still plays after --max-wait'
            cand --force 'Stops also what another inventory has started'
            cand --with-dependents 'Stops first also what needs it and runs'
            cand --no-needs 'Stops it although others need it, and waits for none of them'
            cand -n 'Shows what would be done, and does nothing'
            cand --dry-run 'Shows what would be done, and does nothing'
            cand --nats 'Asks the instances of all nodes over the link of the inventory; they are named NODE/ID'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;restart'= {
            cand --inventory 'Uses this inventory; - is standard input'
            cand --timeout 'Waits this long at most for the stop, and until the game is ready again. It counts from after the warnings, and the wait for nobody to play'
            cand --warn 'Warns the players this long before the end, as 15m,5m,1m,10s; without TIMES, as the instance''s `warn` has it. Skipped when nobody plays'
            cand --message 'Tells the players this; {time} stands for the time that is left'
            cand --max-wait 'Waits this long at most until nobody plays, then goes on, with the warnings'
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand -a 'Selects every instance of the inventory'
            cand --all 'Selects every instance of the inventory'
            cand --no-wait 'Returns once the game is launched, and does not wait until it is ready'
            cand --now 'Skips the stop chain: sends TERM, and kills what is left after 5 seconds'
            cand --when-empty 'Waits until nobody plays; players who cannot be counted count as somebody'
            cand --or-skip 'Leaves it as it is if somebody still plays after --max-wait'
            cand --force 'Restarts also what another inventory has started'
            cand --with-dependents 'Restarts also what needs it and runs'
            cand --no-needs 'Restarts it although others need it, and waits for nothing that it needs'
            cand -n 'Shows what would be done, and does nothing'
            cand --dry-run 'Shows what would be done, and does nothing'
            cand --nats 'Asks the instances of all nodes over the link of the inventory; they are named NODE/ID'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;status'= {
            cand --inventory 'Uses this inventory; - is standard input'
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand -a 'Selects every instance of the inventory'
            cand --all 'Selects every instance of the inventory'
            cand --any 'Exits with 0 when at least one instance runs, else with 3'
            cand -w 'Shows also what each instance uses: CPU, memory, tasks, and read and written'
            cand --wide 'Shows also what each instance uses: CPU, memory, tasks, and read and written'
            cand --nats 'Asks the instances of all nodes over the link of the inventory; they are named NODE/ID'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;watch'= {
            cand --inventory 'Uses this inventory; - is standard input'
            cand --until 'Ends with 0 once all managed instances are in this state'
            cand --timeout 'Waits this long at most for that state, and then ends with 124'
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand -a 'Selects every instance of the inventory'
            cand --all 'Selects every instance of the inventory'
            cand --nats 'Asks the instances of all nodes over the link of the inventory; they are named NODE/ID'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;logs'= {
            cand --inventory 'Uses this inventory; - is standard input'
            cand -n 'Shows this many of the last lines first, or `all`'
            cand --lines 'Shows this many of the last lines first, or `all`'
            cand --since 'Begins at a time instead: 10m (ago), or 2026-01-31T20:00:00Z; what has no time of its own is shown if it may be as late'
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand -a 'Selects every instance of the inventory'
            cand --all 'Selects every instance of the inventory'
            cand -f 'Goes on with new output'
            cand --follow 'Goes on with new output'
            cand -t 'Shows before each line when it was printed, and where a launch began and ended'
            cand --timestamps 'Shows before each line when it was printed, and where a launch began and ended'
            cand --previous 'Shows the launch before the last'
            cand --raw 'Prints the bytes as they are, including those that could harm a terminal'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;run'= {
            cand --inventory 'Uses this inventory; - is standard input'
            cand --on-exit 'Says what becomes of the instances when the watching ends'
            cand --at-once 'Launches this many at the same time at most; without it: four per core'
            cand --heartbeat-interval 'Reports each instance this often, with --json'
            cand --metrics-file 'Keeps metrics in a file, in the format OpenMetrics: for the textfile collector of node_exporter, with a name that ends with .prom'
            cand --metrics 'Serves metrics over HTTP to this machine: unix:PATH, or 127.0.0.1:PORT'
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand -a 'Selects every instance of the inventory'
            cand --all 'Selects every instance of the inventory'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;send'= {
            cand --timeout 'Waits this long at most to connect, to send and for the reply'
            cand --inventory 'Uses this inventory; - is standard input'
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;console'= {
            cand -n 'Shows this many of the last lines first'
            cand --lines 'Shows this many of the last lines first'
            cand --inventory 'Uses this inventory; - is standard input'
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;schedule'= {
            cand --inventory 'Uses this inventory; - is standard input'
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;games'= {
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;notify'= {
            cand --inventory 'Uses this inventory; - is standard input'
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;check'= {
            cand --inventory 'Uses this inventory; - is standard input'
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;host'= {
            cand --inventory 'Uses this inventory; - is standard input'
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand -n 'Shows what would be installed, and changes nothing'
            cand --dry-run 'Shows what would be installed, and changes nothing'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;init'= {
            cand --inventory 'Uses this inventory; - is standard input'
            cand --from-container 'Writes down what is there: this container, or the stack or pod that it belongs to'
            cand --from-systemd 'Writes down what is there: this unit, of the system or of this user'
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;schema'= {
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;completions'= {
            cand --state-dir 'Keeps records, consoles and logs in this directory'
            cand --color 'Uses colour; without it: auto'
            cand --lock-wait 'Waits this long at most for another gamectl that holds an instance'
            cand --json 'Answers with JSON'
            cand -q 'Prints failures only'
            cand --quiet 'Prints failures only'
            cand -v 'Reports more on the way; twice: everything'
            cand --verbose 'Reports more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
    ]
    $completions[$command]
}

# What stands in the inventory in use, in place of what is known beforehand.
var gamectl-known = $edit:completion:arg-completer[gamectl]
set edit:completion:arg-completer[gamectl] = {|@words|
    var found = []
    if (not (str:has-prefix $words[-1] '-')) {
        var before = [(all $words[1..-1])]
        try {
            set found = [((external $words[0]) __complete $words[-1] $@before 2>/dev/null | from-lines)]
        } catch { nop }
    }
    if (!= 0 (count $found)) {
        all $found
    } else {
        # It fails behind a word that it does not know, such as an id.
        try { $gamectl-known $@words } catch { nop }
    }
}
