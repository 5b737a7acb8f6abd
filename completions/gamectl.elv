
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
            cand -f 'The inventory; - is standard input'
            cand --inventory 'The inventory; - is standard input'
            cand --state-dir 'The directory of records, consoles and logs'
            cand --color 'Use colour; without it: auto'
            cand --lock-wait 'The longest wait for another gamectl that holds an instance'
            cand --json 'Answer with JSON'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Report more on the way; twice: everything'
            cand --verbose 'Report more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand start 'Start instances and wait until they are ready'
            cand stop 'Stop instances and wait until nothing of them is left'
            cand restart 'Stop instances, then start them'
            cand status 'Show the state of instances'
            cand watch 'Watch the state of instances'
            cand logs 'Show what instances printed'
            cand run 'Watch instances, start them, and start them again after a crash'
            cand send 'Send a line to a game and print what it replies'
            cand console 'Attach to the console of a game; Ctrl-D or Ctrl-] detaches'
            cand games 'List the known games, or print one to paste into an inventory'
            cand check 'Check the inventory and what its servers need, without starting anything'
            cand init 'Write an inventory to begin with, where there is none'
            cand schema 'Print the JSON Schema of the inventory, for editors'
            cand completions 'Print the completions for a shell'
        }
        &'gamectl;start'= {
            cand --inventory 'The inventory; - is standard input'
            cand --timeout 'The longest wait for ready, in place of the instance''s own `ready.timeout`'
            cand --state-dir 'The directory of records, consoles and logs'
            cand --color 'Use colour; without it: auto'
            cand --lock-wait 'The longest wait for another gamectl that holds an instance'
            cand -a 'Every instance of the inventory'
            cand --all 'Every instance of the inventory'
            cand --no-wait 'Return at the launch, without waiting for ready'
            cand -n 'Show what would be done, and do nothing'
            cand --dry-run 'Show what would be done, and do nothing'
            cand --json 'Answer with JSON'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Report more on the way; twice: everything'
            cand --verbose 'Report more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;stop'= {
            cand --inventory 'The inventory; - is standard input'
            cand --timeout 'The longest wait for the end; the stop itself goes on'
            cand --state-dir 'The directory of records, consoles and logs'
            cand --color 'Use colour; without it: auto'
            cand --lock-wait 'The longest wait for another gamectl that holds an instance'
            cand -a 'Every instance of the inventory'
            cand --all 'Every instance of the inventory'
            cand --now 'Skip the chain: send TERM, and kill after 5 seconds'
            cand --force 'Stop also what another inventory has started'
            cand -n 'Show what would be done, and do nothing'
            cand --dry-run 'Show what would be done, and do nothing'
            cand --json 'Answer with JSON'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Report more on the way; twice: everything'
            cand --verbose 'Report more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;restart'= {
            cand --inventory 'The inventory; - is standard input'
            cand --timeout 'The longest wait for the new start to be ready, the stop included'
            cand --state-dir 'The directory of records, consoles and logs'
            cand --color 'Use colour; without it: auto'
            cand --lock-wait 'The longest wait for another gamectl that holds an instance'
            cand -a 'Every instance of the inventory'
            cand --all 'Every instance of the inventory'
            cand --no-wait 'Return at the launch, without waiting for ready'
            cand --now 'Skip the chain of the stop: send TERM, and kill after 5 seconds'
            cand --force 'Restart also what another inventory has started'
            cand -n 'Show what would be done, and do nothing'
            cand --dry-run 'Show what would be done, and do nothing'
            cand --json 'Answer with JSON'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Report more on the way; twice: everything'
            cand --verbose 'Report more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;status'= {
            cand --inventory 'The inventory; - is standard input'
            cand --state-dir 'The directory of records, consoles and logs'
            cand --color 'Use colour; without it: auto'
            cand --lock-wait 'The longest wait for another gamectl that holds an instance'
            cand -a 'Every instance of the inventory'
            cand --all 'Every instance of the inventory'
            cand --any 'Exit with 0 when at least one runs, else with 3'
            cand --json 'Answer with JSON'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Report more on the way; twice: everything'
            cand --verbose 'Report more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;watch'= {
            cand --inventory 'The inventory; - is standard input'
            cand --until 'End with 0 when all managed instances are in this state'
            cand --timeout 'The longest wait for that; it then ends with 124'
            cand --state-dir 'The directory of records, consoles and logs'
            cand --color 'Use colour; without it: auto'
            cand --lock-wait 'The longest wait for another gamectl that holds an instance'
            cand -a 'Every instance of the inventory'
            cand --all 'Every instance of the inventory'
            cand --json 'Answer with JSON'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Report more on the way; twice: everything'
            cand --verbose 'Report more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;logs'= {
            cand --inventory 'The inventory; - is standard input'
            cand -n 'The number of last lines to show first, or `all`'
            cand --lines 'The number of last lines to show first, or `all`'
            cand --since 'Begin at a time instead: 10m (ago), or 2026-01-31T20:00:00Z; may begin ten seconds early'
            cand --state-dir 'The directory of records, consoles and logs'
            cand --color 'Use colour; without it: auto'
            cand --lock-wait 'The longest wait for another gamectl that holds an instance'
            cand -a 'Every instance of the inventory'
            cand --all 'Every instance of the inventory'
            cand -f 'Go on with new output'
            cand --follow 'Go on with new output'
            cand --raw 'Print the bytes as they are, including those that could harm a terminal'
            cand --json 'Answer with JSON'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Report more on the way; twice: everything'
            cand --verbose 'Report more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;run'= {
            cand --inventory 'The inventory; - is standard input'
            cand --on-exit 'What to do with the instances at the end'
            cand --at-once 'The most that may be launched at the same time; without it: four per core'
            cand --heartbeat-interval 'With --json: how often to report each instance'
            cand --state-dir 'The directory of records, consoles and logs'
            cand --color 'Use colour; without it: auto'
            cand --lock-wait 'The longest wait for another gamectl that holds an instance'
            cand -a 'Every instance of the inventory'
            cand --all 'Every instance of the inventory'
            cand --json 'Answer with JSON'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Report more on the way; twice: everything'
            cand --verbose 'Report more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;send'= {
            cand --timeout 'The limit for connecting, sending and the reply'
            cand --inventory 'The inventory; - is standard input'
            cand --state-dir 'The directory of records, consoles and logs'
            cand --color 'Use colour; without it: auto'
            cand --lock-wait 'The longest wait for another gamectl that holds an instance'
            cand --json 'Answer with JSON'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Report more on the way; twice: everything'
            cand --verbose 'Report more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;console'= {
            cand -n 'The number of last lines to show first'
            cand --lines 'The number of last lines to show first'
            cand --inventory 'The inventory; - is standard input'
            cand --state-dir 'The directory of records, consoles and logs'
            cand --color 'Use colour; without it: auto'
            cand --lock-wait 'The longest wait for another gamectl that holds an instance'
            cand --json 'Answer with JSON'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Report more on the way; twice: everything'
            cand --verbose 'Report more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;games'= {
            cand --state-dir 'The directory of records, consoles and logs'
            cand --color 'Use colour; without it: auto'
            cand --lock-wait 'The longest wait for another gamectl that holds an instance'
            cand --json 'Answer with JSON'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Report more on the way; twice: everything'
            cand --verbose 'Report more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;check'= {
            cand --inventory 'The inventory; - is standard input'
            cand --state-dir 'The directory of records, consoles and logs'
            cand --color 'Use colour; without it: auto'
            cand --lock-wait 'The longest wait for another gamectl that holds an instance'
            cand --json 'Answer with JSON'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Report more on the way; twice: everything'
            cand --verbose 'Report more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;init'= {
            cand --inventory 'The inventory; - is standard input'
            cand --state-dir 'The directory of records, consoles and logs'
            cand --color 'Use colour; without it: auto'
            cand --lock-wait 'The longest wait for another gamectl that holds an instance'
            cand --json 'Answer with JSON'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Report more on the way; twice: everything'
            cand --verbose 'Report more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;schema'= {
            cand --state-dir 'The directory of records, consoles and logs'
            cand --color 'Use colour; without it: auto'
            cand --lock-wait 'The longest wait for another gamectl that holds an instance'
            cand --json 'Answer with JSON'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Report more on the way; twice: everything'
            cand --verbose 'Report more on the way; twice: everything'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'gamectl;completions'= {
            cand --state-dir 'The directory of records, consoles and logs'
            cand --color 'Use colour; without it: auto'
            cand --lock-wait 'The longest wait for another gamectl that holds an instance'
            cand --json 'Answer with JSON'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Report more on the way; twice: everything'
            cand --verbose 'Report more on the way; twice: everything'
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
