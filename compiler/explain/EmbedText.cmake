# cmake -D OUT=FILE -D "SOURCES=file;file" -P EmbedText.cmake: the files as raw string literals of C++, one after the other.
set(literals)
foreach(source IN LISTS SOURCES)
  file(READ "${source}" text)
  string(APPEND literals "R\"page(${text})page\"\n")
endforeach()
file(WRITE "${OUT}" "${literals}")
