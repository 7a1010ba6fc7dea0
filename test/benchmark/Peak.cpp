//===- Peak.cpp - what the vector unit does on registers alone ------------===//

#include "Peak.h"
#include <algorithm>
#include <time.h>

namespace heddle::test {

double secondsNow() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

/// %to = one instruction on %a, %b and the sum %from.
static std::string instruction(Peak::Kind kind, const std::string &to,
                               const std::string &from, int lanes) {
  std::string type = "vector<" + std::to_string(lanes) + "xf32>";
  if (kind == Peak::Kind::MultiplyAdd)
    return to + " = vector.fma %a, %b, " + from + " : " + type + "\n";
  std::string pairs = "vector<" + std::to_string(2 * lanes) + "xbf16>";
  return to + " = llvm.call_intrinsic \"llvm.x86.avx512bf16.dpbf16ps.512\"(" +
         from + ", %pa, %pb) : (" + type + ", " + pairs + ", " + pairs +
         ") -> " + type + "\n";
}

Peak::Peak(Kind kind, const std::string &target) {
  int lanes = target.starts_with("avx512") ? 16 : target == "avx2" ? 8 : 4;
  std::string type = "vector<" + std::to_string(lanes) + "xf32>",
              pairs = "vector<" + std::to_string(2 * lanes) + "xbf16>";
  std::string starts, sums, types, body, yields, stores;
  for (int i = 0; i < chains; ++i) {
    std::string n = std::to_string(i), comma = i ? ", " : "";
    std::string place = "%x[%i" + n + "] : memref<?xf32>, " + type + "\n";
    starts += "%i" + n + " = arith.constant " + std::to_string(i * lanes) +
              " : index\n%z" + n + " = vector.load " + place;
    sums += comma + "%s" + n + " = %z" + n;
    types += comma + type;
    body += instruction(kind, "%f" + n, "%s" + n, lanes);
    yields += comma + "%f" + n;
    stores += "vector.store %r#" + n + ", " + place;
  }
  starts += "%a = arith.addf %z0, %z1 : " + type +
            "\n%b = arith.addf %z1, %z2 : " + type + "\n";
  if (kind == Kind::DotBf16)
    starts += "%pa = vector.bitcast %a : " + type + " to " + pairs +
              "\n%pb = vector.bitcast %b : " + type + " to " + pairs + "\n";
  program = Program::compile(
      "func.func @f(%x: memref<?xf32>, %n: index) attributes "
      "{llvm.emit_c_interface} {\n"
      "%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n" +
          starts + "%r:" + std::to_string(chains) +
          " = scf.for %i = %c0 to %n step %c1 iter_args(" + sums + ") -> (" +
          types + ") {\n" + body + "scf.yield " + yields + " : " + types +
          "\n}\n" + stores + "return\n}\n",
      target);
  function = reinterpret_cast<void (*)(Buffer<1> *, int64_t)>(
      program->find("_mlir_ciface_f"));
  operations = (kind == Kind::DotBf16 ? 4.0 : 2.0) * chains * lanes;
}

/// A short probe: one that is not interrupted is enough.
double Peak::measure() {
  alignas(64) float x[chains * 16] = {};
  Buffer<1> buffer = {x, x, 0, {chains * 16}, {1}};
  constexpr int64_t count = 30000;
  for (int probe = 0; probe < 4; ++probe) {
    double start = secondsNow();
    function(&buffer, count);
    fastest = std::max(fastest, operations * count / (secondsNow() - start));
  }
  return fastest;
}

} // namespace heddle::test
