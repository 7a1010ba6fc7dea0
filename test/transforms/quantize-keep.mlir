// What the model file keeps, no rule gets below; f32, bf16, q8, i8, q4 is the order.
// RUN: heddle-opt %s --nn-quantize="dtype=bf16 quant=**=q4" | FileCheck %s --check-prefixes=CHECK,Q4
// RUN: heddle-opt %s --nn-quantize="dtype=bf16" | FileCheck %s --check-prefixes=CHECK,BF16
// RUN: heddle-opt %s --nn-quantize="quant=*.b=i8,*.d=q8" | FileCheck %s --check-prefix=RULES

!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>
!ids = tensor<?xi32, #nn.axes<B over V>>
!table = tensor<40x8xf32, #nn.axes<V, D>>

module attributes {nn.weights = {keep = [["f32", "*.a"], ["bf16", "*.b"], ["i8", "*.c"], ["q4", "*.d"], ["f32", "kept"]]}} {
  nn.size @D = 8
  nn.size @V = 40
  nn.size @B in 1 to 4
  // CHECK-LABEL: @products
  func.func @products(%x: !x, %ids: !ids) -> (!x, !x, !x, !x) attributes {nn.entry} {
    // CHECK: nn.weight "m.a" :
    // RULES: nn.weight "m.a" :
    %a = nn.weight "m.a" : !w
    // CHECK: nn.weight "m.b" stored bf16
    // RULES: nn.weight "m.b" stored bf16
    %b = nn.weight "m.b" : !w
    // Q4: nn.weight "m.c" stored i8
    // BF16: nn.weight "m.c" stored bf16
    // RULES: nn.weight "m.c" :
    %c = nn.weight "m.c" : !w
    // Q4: nn.weight "m.d" stored q4
    // BF16: nn.weight "m.d" stored bf16
    // RULES: nn.weight "m.d" stored q8
    %d = nn.weight "m.d" : !w
    // Tables follow the rules too.
    // Q4: nn.weight "wpe" stored q4
    // BF16: nn.weight "wpe" stored bf16
    // RULES: nn.weight "wpe" :
    %p = nn.weight "wpe" : !table
    // CHECK: nn.weight "kept" :
    %k = nn.weight "kept" : !table
    %e = nn.embed %ids, %p : (!ids, !table) -> !x
    %f = nn.embed %ids, %k : (!ids, !table) -> !x
    %s = nn.add %e, %f : (!x, !x) -> !x
    // CHECK: nn.linear %arg0, %{{.*}} contracts 1
    %1 = nn.linear %x, %a contracts 1 : (!x, !w) -> !x
    // CHECK: %[[ROWS:.*]] = nn.narrow %arg0 contracts 1 : {{.*}} -> !bf16_B_D
    // CHECK: nn.linear %[[ROWS]], %{{.*}} contracts 1
    %2 = nn.linear %x, %b contracts 1 : (!x, !w) -> !x
    %3 = nn.linear %x, %c contracts 1 : (!x, !w) -> !x
    %4 = nn.linear %s, %d contracts 1 : (!x, !w) -> !x
    return %1, %2, %3, %4 : !x, !x, !x, !x
  }
}
