# Completion of qem_exporter and qemctl for bash; the program itself knows what may come next. An
# unfinished command is kept from it, since it would take it for an argument of the daemon.
_qem_exporter() {
  local words=("${COMP_WORDS[@]:1:COMP_CWORD}")
  [[ $2 == -* || $3 == --* ]] || unset 'words[-1]'
  mapfile -t COMPREPLY < <(compgen -W "$("$1" --completion-bash "${words[@]}")" -- "$2")
}
complete -o default -F _qem_exporter qem_exporter qemctl
