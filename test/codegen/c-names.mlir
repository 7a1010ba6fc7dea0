// Inputs may be called by words of C or by the interface's own: their parameters are not, and the header compiles.
// RUN: rm -rf %t && mkdir -p %t
// RUN: heddle build %s --emit=header -o %t/words.h
// RUN: FileCheck %s < %t/words.h
// RUN: %cc -std=c99 -Wall -Werror -fsyntax-only %t/words.h
// RUN: %cc -x c++ -Wall -Werror -fsyntax-only %t/words.h
// CHECK: int32_t words_run(words_session *session, const float *session_, const float *int_, const float *x, float *return_);
module {
  program.description "words" {
    program.entry @run {
      program.input "session" "D" : f32 ["3"]
      program.input "int" "D" : f32 ["3"]
      program.input "x" "D" : f32 ["3"]
      program.output "return" "D" : f32 ["3"]
    }
  }
  llvm.func @run(%frame: !llvm.ptr) -> i32 {
    %ok = llvm.mlir.constant(0 : i32) : i32
    llvm.return %ok : i32
  }
}
