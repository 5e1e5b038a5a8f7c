# Completion of qem_exporter and qemctl for fish; the program itself knows what may come next. An
# unfinished command is kept from it, since it would take it for an argument of the daemon.
function __qem_exporter_next
    set -l told (commandline -opc)
    if string match -q -- '-*' (commandline -ct); or string match -q -- '--*' $told[-1]
        set -a told (commandline -ct)
    end
    $told[1] --completion-bash $told[2..]
end
complete -c qem_exporter -a '(__qem_exporter_next)'
complete -c qemctl -a '(__qem_exporter_next)'
