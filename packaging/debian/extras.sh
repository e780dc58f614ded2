#!/bin/sh
# extras.sh PACKAGE: what is there of manual pages, completions and D-Bus interfaces goes where it belongs.
set -eu
package=$1

# into FOLDER FILE …: those of the files that exist
into() {
    folder=$package/$1
    shift
    for file in "$@"; do
        if [ -f "$file" ]; then install -D -m 644 -t "$folder" "$file"; fi
    done
}

for section in 1 5 7 8; do into "usr/share/man/man$section" packaging/man/*."$section"; done
into usr/share/bash-completion/completions packaging/completion/bash/*
into usr/share/zsh/vendor-completions packaging/completion/zsh/*
into usr/share/fish/vendor_completions.d packaging/completion/fish/*
into usr/share/dbus-1/interfaces packaging/dbus/interfaces/*.xml
