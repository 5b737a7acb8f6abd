
# What stands in the inventory in use.
_gamectl_values() {
    local -a before found
    before=(${(Q)${(z)LBUFFER}})
    [[ -n "$PREFIX" ]] && before[-1]=()
    found=("${(@f)$(command ${before[1]} __complete "$PREFIX" "${(@)before[2,-1]}" 2> /dev/null)}")
    [[ -n "${found[1]}" ]] && compadd -a found
}
