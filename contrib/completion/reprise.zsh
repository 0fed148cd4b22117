#compdef reprise reprise-load reprise-connect reprise-serve
# zsh completion. The words come from the program's own --help.

_reprise_words() { # PROGRAM [COMMAND...]: "--option:description" lines
  "$@" --help 2>/dev/null | sed -nE \
    -e 's/--\[no-\]/--/' \
    -e 's/^ *(-[a-zA-Z], )?(--[a-z0-9-]+)( ?[^ ]+)*$/\2/p;t' \
    -e 's/^ *(-[a-zA-Z], )?(--[a-z0-9-]+)( ?[^ ]+)*  +(.*)/\2:\4/p'
}

local program=$words[1] command
local -a lines
if [[ ${program:t} == reprise && $CURRENT -eq 2 ]]; then
  lines=(${(f)"$($program --help 2>/dev/null | sed -nE 's/^  ([a-z]+)( [a-z]+)?  +(.*)/\1:\3/p')"})
  _describe 'command' lines
  return
fi
if [[ ${program:t} == reprise ]]; then
  command=$words[2]
  if [[ $CURRENT -eq 3 && $PREFIX != -* ]]; then
    lines=(${(f)"$($program --help 2>/dev/null | sed -nE "s/^  $command ([a-z]+)  +(.*)/\1:\2/p")"})
    (( $#lines )) && { _describe 'command' lines; return; }
  fi
  [[ $CURRENT -gt 3 && $words[3] != -* ]] && command="$command $words[3]"
fi
case $words[CURRENT-1] in
  -c|--conf|--ca|--cert|--key|--keylog|--json|--csv|--timeline|--report|--session|--session-out|--early-data)
    _files; return ;;
esac
if [[ $PREFIX == -* ]]; then
  lines=(${(f)"$(_reprise_words $program ${=command})"})
  _describe -o 'option' lines
else
  _files
fi
