
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
