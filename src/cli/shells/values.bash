
# What stands in the inventory in use, beside what is known beforehand.
_gamectl_with_values() {
    _gamectl "$@"
    local line="${COMP_LINE:0:COMP_POINT}" current value
    current="${line##*[[:space:]]}"
    [[ "$current" == -* ]] && return
    local -a words found=()
    read -ra words <<< "${line%"$current"}"
    while IFS= read -r value; do
        # Readline takes a word apart at each colon, and wants the last part.
        [[ "$COMP_WORDBREAKS" == *:* ]] && value="${value#"${current%"${current##*:}"}"}"
        found+=("$value")
    done < <(command "${words[0]}" __complete "$current" "${words[@]:1}" 2> /dev/null)
    [[ ${#found[@]} -eq 0 ]] || COMPREPLY=("${found[@]}")
}
complete -F _gamectl_with_values -o bashdefault -o default gamectl
