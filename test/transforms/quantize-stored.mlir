// Floats of a checkpoint keep their type, and products with them their rows: the weight is widened. So does f16 by a rule.
// RUN: heddle-opt %s --nn-quantize="stored=m.a=bf16,m.b=f16,kept=f16,tied=bf16" | FileCheck %s --check-prefix=CHECK
// RUN: heddle-opt %s --nn-quantize="stored=m.a=bf16,m.b=f16,kept=f16,tied=bf16" --nn-assign-layouts | FileCheck %s --check-prefix=LAYOUT
// RUN: heddle-opt %s --nn-quantize="dtype=bf16 stored=m.b=f16 quant=m.c=f16" | FileCheck %s --check-prefix=RULES
// What is kept in f32 is as precise in the type that the checkpoint has it in.
// RUN: heddle-opt %s --nn-quantize="stored=kept=f16 quant=**=q8" | FileCheck %s --check-prefix=KEEP
// Layers of one loop in several such types become loops of their own, and what nothing tells apart is f32, which holds both.
// RUN: heddle-opt %s --nn-split-layers=stored=h.0.w=bf16,h.1.w=f16 | FileCheck %s --check-prefix=SPLIT
// RUN: heddle-opt %s --nn-quantize=stored=h.0.w=bf16,h.1.w=f16 | FileCheck %s --check-prefix=BOTH
// Multiplied and widened are no one code.
// RUN: not heddle-opt %s --nn-quantize="stored=h.0.w=bf16 quant=h.1.w=bf16" 2>&1 | FileCheck %s --check-prefix=ERROR
// ERROR: error: h.0.w is stored as bf16 and h.1.w as bf16, needed one type: the same code reads both

!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>
!ids = tensor<?xi32, #nn.axes<B over V>>
!table = tensor<40x8xf32, #nn.axes<V, D>>
!y = tensor<?x40xf32, #nn.axes<B, V>>

module attributes {nn.weights = {keep = [["f32", "kept"]]}} {
  nn.size @D = 8
  nn.size @V = 40
  nn.size @B in 1 to 4
  // CHECK-LABEL: @products
  // LAYOUT-LABEL: @products
  // RULES-LABEL: @products
  // KEEP-LABEL: @products
  func.func @products(%x: !x, %ids: !ids) -> (!x, !x, !x, !y) attributes {nn.entry} {
    // CHECK: nn.weight "m.a" stored bf16
    // LAYOUT: nn.weight "m.a" stored bf16 layout <"panel<32, 2> bf16">
    // RULES: nn.weight "m.a" stored bf16
    %a = nn.weight "m.a" : !w
    // CHECK: nn.weight "m.b" stored f16
    // LAYOUT: nn.weight "m.b" stored f16 layout <"panel<32> f16">
    // RULES: nn.weight "m.b" stored f16
    %b = nn.weight "m.b" : !w
    // CHECK: nn.weight "m.c" :
    // RULES: nn.weight "m.c" stored f16
    %c = nn.weight "m.c" : !w
    // CHECK: nn.weight "kept" stored f16
    // LAYOUT: nn.weight "kept" stored f16 :
    // KEEP: nn.weight "kept" stored f16
    %k = nn.weight "kept" : !table
    // CHECK: nn.weight "tied" stored bf16
    // CHECK: nn.weight "tied" stored bf16
    %t = nn.weight "tied" : !table
    %u = nn.weight "tied" : !table
    %e = nn.embed %ids, %k : (!ids, !table) -> !x
    %f = nn.embed %ids, %t : (!ids, !table) -> !x
    %s = nn.add %e, %f : (!x, !x) -> !x
    // CHECK-NOT: nn.narrow
    // CHECK: nn.linear %arg0, %{{.*}} contracts 1
    // RULES: %[[ROWS:.*]] = nn.narrow %arg0 contracts 1
    // RULES: nn.linear %[[ROWS]], %m.a contracts 1
    // RULES: nn.linear %arg0, %m.b contracts 1
    // RULES-NEXT: nn.linear %arg0, %m.c contracts 1
    %1 = nn.linear %x, %a contracts 1 : (!x, !w) -> !x
    %2 = nn.linear %x, %b contracts 1 : (!x, !w) -> !x
    %3 = nn.linear %x, %c contracts 1 : (!x, !w) -> !x
    %4 = nn.linear %s, %u contracts 1 : (!x, !table) -> !y
    return %1, %2, %3, %4 : !x, !x, !x, !y
  }
  func.func private @layer(%x: !x) -> !x {
    // BOTH-LABEL: @layer
    // BOTH: nn.weight "w" :
    %w = nn.weight "w" : !w
    %y = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
    return %y : !x
  }
  // SPLIT-LABEL: @two_layers
  // SPLIT: nn.call @layer(
  // SPLIT: nn.call @layer_
  func.func @two_layers(%x: !x) -> !x attributes {nn.entry} {
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %two = arith.constant 2 : index
    %y = scf.for %l = %zero to %two step %one iter_args(%h = %x) -> !x {
      %n = nn.call @layer(%h) at "h.{0}" [%l] : (!x) -> !x
      scf.yield %n : !x
    }
    return %y : !x
  }
}
