# find_package(heddle): the compiler as heddle::heddle, models as libraries, heddle::host for hosts that load models by their path, and
# plugins of passes.
get_filename_component(heddle_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET heddle::heddle)
  add_executable(heddle::heddle IMPORTED GLOBAL)
  set_target_properties(heddle::heddle PROPERTIES IMPORTED_LOCATION "${heddle_prefix}/bin/heddle")
endif()

if(NOT TARGET heddle::host)
  add_library(heddle::host INTERFACE IMPORTED GLOBAL)
  target_include_directories(heddle::host INTERFACE "${heddle_prefix}/include")
  target_link_libraries(heddle::host INTERFACE ${CMAKE_DL_LIBS})
endif()

# heddle_add_model(NAME MODEL [FLAGS flags...])
#   A library NAME, which a host links: the checkpoint or model file MODEL as `heddle build MODEL --name=NAME flags...` compiles it,
#   weights included, and its header NAME.h. It is compiled again when a file of the checkpoint changes.
function(heddle_add_model name model)
  cmake_parse_arguments(PARSE_ARGV 2 HEDDLE "" "" FLAGS)
  if(HEDDLE_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "heddle_add_model(${name}): found ${HEDDLE_UNPARSED_ARGUMENTS}, needed FLAGS")
  endif()
  get_filename_component(model "${model}" ABSOLUTE)
  set(inputs "${model}")
  if(IS_DIRECTORY "${model}")
    file(GLOB_RECURSE inputs CONFIGURE_DEPENDS "${model}/*")
  endif()
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${name}.model")
  set(library "${folder}/lib${name}.so")
  file(MAKE_DIRECTORY "${folder}")
  add_custom_command(OUTPUT "${library}" "${folder}/${name}.h" DEPENDS ${inputs} heddle::heddle VERBATIM
    COMMAND heddle::heddle build "${model}" --emit=so --name=${name} -o "${library}" "--header=${folder}/${name}.h" ${HEDDLE_FLAGS})
  add_custom_target(${name}-model DEPENDS "${library}" "${folder}/${name}.h")
  add_library(${name} SHARED IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION "${library}" INTERFACE_INCLUDE_DIRECTORIES "${folder};${heddle_prefix}/include")
  add_dependencies(${name} ${name}-model)
endfunction()

# heddle_add_pass_plugin(NAME sources...)
#   A library NAME.so for --load-pass-plugin of heddle and heddle-opt, against the dialects' headers and Debian's of MLIR and LLVM. What it
#   needs of them is in the process that loads it, and shall not be there twice: it is linked with nothing.
function(heddle_add_pass_plugin name)
  find_path(HEDDLE_MLIR_HEADERS mlir/Pass/Pass.h HINTS /usr/lib/llvm-22/include)
  find_path(HEDDLE_LLVM_HEADERS llvm/Config/llvm-config.h HINTS /usr/lib/llvm-22/include)
  if(NOT HEDDLE_MLIR_HEADERS OR NOT HEDDLE_LLVM_HEADERS)
    message(FATAL_ERROR "heddle_add_pass_plugin(${name}): found no headers of MLIR and LLVM, needed Debian's libmlir-22-dev and llvm-22-dev")
  endif()
  add_library(${name} MODULE ${ARGN})
  set_target_properties(${name} PROPERTIES PREFIX "")
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_compile_options(${name} PRIVATE -fno-rtti -fno-exceptions)
  target_compile_definitions(${name} PRIVATE _GNU_SOURCE __STDC_CONSTANT_MACROS __STDC_FORMAT_MACROS __STDC_LIMIT_MACROS)
  target_include_directories(${name} PRIVATE "${heddle_prefix}/include/heddle")
  target_include_directories(${name} SYSTEM PRIVATE ${HEDDLE_MLIR_HEADERS} ${HEDDLE_LLVM_HEADERS})
  # What is missing is missed when it is loaded.
  target_link_options(${name} PRIVATE LINKER:-z,now LINKER:-z,undefs)
endfunction()
