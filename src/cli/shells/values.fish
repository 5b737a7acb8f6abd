
# What stands in the inventory in use.
function __gamectl_values
    set -l before (commandline -opc)
    command $before[1] __complete (commandline -ct) $before[2..-1] 2> /dev/null
end
complete -c gamectl -f -a '(__gamectl_values)'
