# complete.sh FILE: what bash completes some lines to.
. "$1"
compopt() { :; } # which bash has only while it completes
for line in "heddle ver" "heddle build --qu" "heddle check --random" "heddle verify --quic"; do
  read -r -a COMP_WORDS <<<"$line"
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _heddle
  echo "$line: ${COMPREPLY[*]}"
done
