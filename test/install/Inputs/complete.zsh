# complete.zsh [FOLDER]: what zsh completes some lines to, typed at a terminal of its own; _heddle is where zsh looks, or in FOLDER.
zmodload zsh/zpty
zpty shell TERM=dumb zsh -f -i
zpty -w shell "PS1=; fpath=($1 \$fpath); autoload -Uz compinit; compinit -D -u; print rea''dy"
zpty -r -m shell shown '*ready*'
for typed in 'heddle ver' 'heddle build --qu'; do
  # The line is shown as it is completed; # makes it a comment, and ends the wait.
  zpty -w -n shell "$typed"$'\t'
  sleep 1
  zpty -w shell $'\x01#\x05 done'
  zpty -r -m shell more '*done*'
  shown+=$more
done
zpty -d shell
print -r -- "$shown"
[[ $shown == *'heddle verify'* && $shown == *'heddle build --quant='* ]]
