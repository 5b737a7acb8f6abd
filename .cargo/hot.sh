#!/bin/sh
# Writes hot.ld anew, beside this file. To be run when much of `status` and
# `start` has changed; needs root, valgrind, nm, pgrep and a release build:
#
#   cargo build --release && .cargo/hot.sh target/*/release/gamectl
set -eu
binary=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
export GAMECTL_STATE_DIR="$work/state" GAMECTL_INVENTORY="$work/one.yaml"
finish() {
    "$binary" stop --all --now -q || true
    # The shim, as it ends under valgrind, writes there for a while.
    while ! rm -rf "$work"; do sleep 1; done
}
trap finish EXIT

# Enough instances for two processors. What is started under valgrind runs as
# another user: then the shim's child has memory of its own, and valgrind does
# not know a child that borrows it.
entry() {
    printf '  %s:\n    process:\n      executable: sleep\n      args: ["999", "1"]\n      cwd: /\n' "$1"
}
{ echo "instances:" && entry game-1 && echo "      user: nobody"; } > "$work/one.yaml"
{ echo "instances:" && for n in $(seq 600); do entry "game-$n"; done; } > "$work/many.yaml"
# Once more, so that it has ended before.
"$binary" start --all -q
"$binary" restart --all --now -q

trace() {
    name=$1
    shift
    valgrind -q --tool=callgrind --demangle=no --compress-strings=no --separate-threads=yes \
        --callgrind-out-file="$work/$name.%p" "$binary" "$@" > /dev/null || true
}
functions() {
    cat "$work/$1".* | sed -n "s/^fn=//p" | sed "s/'[0-9]*$//" | sort -u
}
trace one status
GAMECTL_INVENTORY="$work/many.yaml" trace many status
"$binary" stop --all --now -q
trace start start --no-wait game-1
functions start > "$work/start"
# The shim has been running under valgrind as well.
"$binary" stop --all --now -q
while pgrep -f "callgrind-out-file=$work" > /dev/null; do sleep 0.1; done
{ functions one && cat "$work/start" && functions start && functions many; } > "$work/hot"

# Of Rust's own, a function is a section; hashes differ from build to build. Of
# the C library an object file is the least that can be placed, and which of
# several it runs depends on the processor: valgrind's has no AVX-512. Nor does
# it show a program the kernel's own object, the vDSO.
for name in libc libm; do
    library=$(cc -print-file-name=$name.a)
    # One of them is a list of others.
    real=$(sed -n 's/^GROUP ( \([^ ]*\).*/\1/p' "$library")
    nm -A "${real:-$library}" 2> /dev/null |
        sed -n "s/^.*$name[-.0-9]*a:\([^:]*\):[0-9a-f]* [TtWi] /$name*.a:\1 /p"
done > "$work/objects"
awk '
    NR == FNR { object[$2] = $1; next }
    { sub(/(\.llvm)?\.[0-9]*$/, "*") }
    /^_R/ {
        gsub(/Cs[0-9A-Za-z]*_/, "Cs*_")
        # The crate at the end is one of those that use it.
        sub(/(Cs\*_[0-9]+[a-z_]+|B[0-9A-Za-z]*_)$/, "*")
        put("*(.@*." $0 ")")
        next
    }
    $0 in object {
        name = object[$0]
        if (!sub(/-(avx|evex|sse).*/, "", name)) { put("*" name "(.@ .@.*)"); next }
        # Its siblings, but for those of old processors.
        split("-evex*.o -avx*-erms.o -avx2.o -avx2-movbe.o", of, " ")
        for (i = 1; i in of; i++) put("*" name of[i] "(.@ .@.*)")
    }
    function put(line) { if (!seen[line]++) print "    " line }
' "$work/objects" "$work/hot" > "$work/places"
{
    cat << 'HEAD'
/* What `gamectl status` and `gamectl start` run, side by side in the program, and
   what that reads as well. At each page that is touched for the first time the
   kernel maps the sixteen around it, and a status of one instance consists of
   little else. What is not named here stands where the linker puts it, which costs
   some speed and nothing more. Written by hot.sh. */
SECTIONS
{
  .rodata.hot :
  {
    *(.rodata.cst*)
    *(.rodata*.*CRC32_TABLE*)
    *(.rodata*.*DECIMAL_PAIRS*)
HEAD
    # What runs as well where there is a vDSO, or where a text is long.
    cat << 'MORE' > "$work/more"
    *crt1.o(.@)
    *crtbegin*.o(.@)
    *(.@.main)
    *libgcc_eh.a:unwind-dw2-fde-dip.o(.@ .@.*)
    *libc.a:strcmp-avx2.o(.@ .@.*)
    *libc.a:strcmp-evex.o(.@ .@.*)
    *libc.a:varshift.o(.@ .@.*)
    *(.@*._RNv*4core3str5count14do_count_chars)
    *libc.a:dl-lookup.o(.@ .@.*)
    *libc.a:dl-object.o(.@ .@.*)
    *libc.a:dl-setup_hash.o(.@ .@.*)
MORE
    # A function may have several tables; of the C library's texts, the short ones.
    cat "$work/more" "$work/places" | sed '/\._R/s/\**)$/*)/; s/\.@\.\*/.rodata.str1.1/; s/\.@/.rodata/g'
    # The C library reads the first word of the frames, and calls by the table.
    printf '  }\n  .eh_frame : { *(.eh_frame) }\n}\nINSERT BEFORE .rodata;\n\n'
    printf 'SECTIONS\n{\n  .iplt : { *(.iplt) }\n  .text.hot :\n  {\n'
    cat "$work/more" "$work/places" | sed 's/\.@/.text/g'
    printf '  }\n}\nINSERT BEFORE .text;\n'
} > "$work/hot.ld"
mv "$work/hot.ld" "$here/hot.ld"
