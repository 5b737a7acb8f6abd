
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'gamectl' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'gamectl'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'gamectl' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'The inventory; - is standard input')
            [CompletionResult]::new('--inventory', '--inventory', [CompletionResultType]::ParameterName, 'The inventory; - is standard input')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Where records, consoles and logs are kept')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; without it: auto')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another gamectl that holds an instance')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Start instances and wait until they are ready')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Stop instances and wait until nothing of them is left')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Stop instances, then start them')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show the state of instances')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Watch the state of instances')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Show what instances printed')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Watch instances, start them, and start them again after a crash')
            [CompletionResult]::new('send', 'send', [CompletionResultType]::ParameterValue, 'Send a line to a game and print what it replies')
            [CompletionResult]::new('console', 'console', [CompletionResultType]::ParameterValue, 'Attach to the console of a game; Ctrl-D or Ctrl-] detaches')
            [CompletionResult]::new('games', 'games', [CompletionResultType]::ParameterValue, 'List the games that are known, or print one to paste into an inventory')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Look over the inventory and the ground it stands on, without starting anything')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write an inventory to begin with, where there is none')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Print the JSON Schema of the inventory, for editors')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions for a shell')
            break
        }
        'gamectl;start' {
            [CompletionResult]::new('--inventory', '--inventory', [CompletionResultType]::ParameterName, 'The inventory; - is standard input')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long to wait for ready, in place of the instance''s own `ready.timeout`')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Where records, consoles and logs are kept')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; without it: auto')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another gamectl that holds an instance')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Every instance of the inventory')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every instance of the inventory')
            [CompletionResult]::new('--no-wait', '--no-wait', [CompletionResultType]::ParameterName, 'Return at the launch, without waiting for ready')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Say what would be done, and do nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would be done, and do nothing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'gamectl;stop' {
            [CompletionResult]::new('--inventory', '--inventory', [CompletionResultType]::ParameterName, 'The inventory; - is standard input')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long to wait for the end; the stop itself goes on')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Where records, consoles and logs are kept')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; without it: auto')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another gamectl that holds an instance')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Every instance of the inventory')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every instance of the inventory')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Skip the polite steps and begin with the signals')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Say what would be done, and do nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would be done, and do nothing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'gamectl;restart' {
            [CompletionResult]::new('--inventory', '--inventory', [CompletionResultType]::ParameterName, 'The inventory; - is standard input')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long the new start may take to be ready, the stop included')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Where records, consoles and logs are kept')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; without it: auto')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another gamectl that holds an instance')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Every instance of the inventory')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every instance of the inventory')
            [CompletionResult]::new('--no-wait', '--no-wait', [CompletionResultType]::ParameterName, 'Return at the launch, without waiting for ready')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Skip the polite steps of the stop')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Say what would be done, and do nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would be done, and do nothing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'gamectl;status' {
            [CompletionResult]::new('--inventory', '--inventory', [CompletionResultType]::ParameterName, 'The inventory; - is standard input')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Where records, consoles and logs are kept')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; without it: auto')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another gamectl that holds an instance')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Every instance of the inventory')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every instance of the inventory')
            [CompletionResult]::new('--any', '--any', [CompletionResultType]::ParameterName, 'Exit with 0 when at least one runs, else with 3')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'gamectl;watch' {
            [CompletionResult]::new('--inventory', '--inventory', [CompletionResultType]::ParameterName, 'The inventory; - is standard input')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'End with 0 when all that are managed are in this state')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long to wait for that; it then ends with 124')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Where records, consoles and logs are kept')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; without it: auto')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another gamectl that holds an instance')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Every instance of the inventory')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every instance of the inventory')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'gamectl;logs' {
            [CompletionResult]::new('--inventory', '--inventory', [CompletionResultType]::ParameterName, 'The inventory; - is standard input')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'How many of the last lines to show first, or `all`')
            [CompletionResult]::new('--lines', '--lines', [CompletionResultType]::ParameterName, 'How many of the last lines to show first, or `all`')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'From a time on instead: 10m ago, or 2026-01-31T20:00:00Z; may begin ten seconds early')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Where records, consoles and logs are kept')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; without it: auto')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another gamectl that holds an instance')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Every instance of the inventory')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every instance of the inventory')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Go on with what is printed from now on')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Go on with what is printed from now on')
            [CompletionResult]::new('--raw', '--raw', [CompletionResultType]::ParameterName, 'Print the bytes as they are, also what could harm a terminal')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'gamectl;run' {
            [CompletionResult]::new('--inventory', '--inventory', [CompletionResultType]::ParameterName, 'The inventory; - is standard input')
            [CompletionResult]::new('--on-exit', '--on-exit', [CompletionResultType]::ParameterName, 'What becomes of the instances at the end')
            [CompletionResult]::new('--at-once', '--at-once', [CompletionResultType]::ParameterName, 'How many may be launched at the same time; without it: one per core')
            [CompletionResult]::new('--heartbeat-interval', '--heartbeat-interval', [CompletionResultType]::ParameterName, 'With --json: how often each instance is told of')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Where records, consoles and logs are kept')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; without it: auto')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another gamectl that holds an instance')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Every instance of the inventory')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every instance of the inventory')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'gamectl;send' {
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long all of it may take')
            [CompletionResult]::new('--inventory', '--inventory', [CompletionResultType]::ParameterName, 'The inventory; - is standard input')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Where records, consoles and logs are kept')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; without it: auto')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another gamectl that holds an instance')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'gamectl;console' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'How many of the last lines to show first')
            [CompletionResult]::new('--lines', '--lines', [CompletionResultType]::ParameterName, 'How many of the last lines to show first')
            [CompletionResult]::new('--inventory', '--inventory', [CompletionResultType]::ParameterName, 'The inventory; - is standard input')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Where records, consoles and logs are kept')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; without it: auto')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another gamectl that holds an instance')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'gamectl;games' {
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Where records, consoles and logs are kept')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; without it: auto')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another gamectl that holds an instance')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'gamectl;check' {
            [CompletionResult]::new('--inventory', '--inventory', [CompletionResultType]::ParameterName, 'The inventory; - is standard input')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Where records, consoles and logs are kept')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; without it: auto')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another gamectl that holds an instance')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'gamectl;init' {
            [CompletionResult]::new('--inventory', '--inventory', [CompletionResultType]::ParameterName, 'The inventory; - is standard input')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Where records, consoles and logs are kept')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; without it: auto')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another gamectl that holds an instance')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'gamectl;schema' {
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Where records, consoles and logs are kept')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; without it: auto')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another gamectl that holds an instance')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'gamectl;completions' {
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Where records, consoles and logs are kept')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; without it: auto')
            [CompletionResult]::new('--lock-wait', '--lock-wait', [CompletionResultType]::ParameterName, 'How long to wait for another gamectl that holds an instance')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on the way; twice, say everything')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
