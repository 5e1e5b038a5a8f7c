# Completion for fish; the program itself knows what may come next. An unfinished command
# is kept from it, since it would take it for an argument of the daemon.
function __qem_exporter_next
    set -l told (commandline -opc)[2..]
    if string match -q -- '-*' (commandline -ct); or string match -q -- '--*' $told[-1]
        set -a told (commandline -ct)
    end
    qem_exporter --completion-bash $told
end
complete -c qem_exporter -a '(__qem_exporter_next)'
