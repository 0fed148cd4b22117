# fish completion of reprise, reprise-load, reprise-connect and reprise-serve. The words come from the
# program's own --help.

function __reprise_commands
    set -l words (commandline -opc)
    reprise --help 2>/dev/null | string match -r '^  [a-z]+( [a-z]+)?  .*' |
        string replace -r '^  ([a-z]+)( [a-z]+)?  +(.*)$' '$1\t$3'
end

function __reprise_second
    set -l words (commandline -opc)
    reprise --help 2>/dev/null | string match -r "^  $words[2] [a-z]+  .*" |
        string replace -r '^  [a-z]+ ([a-z]+)  +(.*)$' '$1\t$2'
end

function __reprise_options
    set -l words (commandline -opc | string match -v -- '-*')
    set -l program $words[1]
    set -l command
    test (basename $program) = reprise; and set command $words[2..3]
    $program $command --help 2>/dev/null | string replace -- '--[no-]' -- |
        string match -r '^ *(?:-[a-zA-Z], )?--[a-z0-9-]+.*' |
        string replace -r '^ *(?:-[a-zA-Z], )?(--[a-z0-9-]+).*?  +(.*)$' '$1\t$2'
end

complete -c reprise -n 'test (count (commandline -opc)) -eq 1' -f -a '(__reprise_commands)'
complete -c reprise -n 'test (count (commandline -opc)) -eq 2' -f -a '(__reprise_second)'
for program in reprise reprise-load reprise-connect reprise-serve
    complete -c $program -n 'string match -q -- "-*" (commandline -ct)' -a '(__reprise_options)'
end
