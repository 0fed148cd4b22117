# bash completion of reprise, reprise-load, reprise-connect and reprise-serve. The words come from the
# program's own --help, so they are always those of the installed version.

_reprise_options() { # PROGRAM [COMMAND...]
    "$@" --help 2>/dev/null | sed -E 's/--\[no-\]([a-z-]+)/--\1 --no-\1/' |
        grep -oE -- '--?[a-zA-Z][a-zA-Z0-9-]*' | sort -u
}

_reprise() {
    local program=$1 word=$2 previous=$3 commands command
    COMPREPLY=()
    case $previous in
    -c | --conf | --ca | --cert | --key | --keylog | --json | --csv | --timeline | --report | --session | --session-out | --early-data)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    esac
    case ${program##*/} in
    reprise)
        commands=$("$program" --help 2>/dev/null | sed -nE 's/^  ([a-z]+( [a-z]+)?)  .*/\1/p')
        command=
        [[ $COMP_CWORD -gt 1 ]] && command=${COMP_WORDS[1]}
        if [[ $COMP_CWORD -gt 2 && ${COMP_WORDS[2]} != -* ]]; then
            command="$command ${COMP_WORDS[2]}"
        fi
        if [[ -z $command ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$(cut -d' ' -f1 <<<"$commands" | sort -u)" -- "$word")
        elif [[ $word != -* && $COMP_CWORD -eq 2 ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$(sed -n "s/^$command //p" <<<"$commands")" -- "$word")
        else
            # shellcheck disable=SC2086
            mapfile -t COMPREPLY < <(compgen -W "$(_reprise_options "$program" $command)" -- "$word")
        fi
        ;;
    *)
        [[ $word == -* ]] &&
            mapfile -t COMPREPLY < <(compgen -W "$(_reprise_options "$program")" -- "$word")
        ;;
    esac
}

complete -o default -F _reprise reprise reprise-load reprise-connect reprise-serve
