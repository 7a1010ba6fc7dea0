// RUN: heddle-opt %s --nn-plan-memory --describe-program | FileCheck %s
// RUN: heddle-opt %s --nn-plan-memory --describe-program --nn-to-kernel | FileCheck %s --check-prefix=MARKS

// Every op that computes has a number, and the work it does. The mask admits
// T·S − T·(T − 1)/2 pairs, each 2·(4 + 4) operations; keys and values are 4·(4 + 4) bytes a position.
// CHECK: sites = [
// CHECK-SAME: {bytes = "48", flops = "24*B*T", name = "step: linear w [B T H K]"}
// CHECK-SAME: {bytes = "16*B*S+16*B*T", name = "step: cache_append [B S H K]"}
// CHECK-SAME: {bytes = "32*B*S", flops = "16*B*S*T-8*B*T^2+8*B*T", name = "step: attention [B T H K]"}
// CHECK-SAME: {bytes = "48*B*T", name = "step: add [B T H K]"}

// MARKS: func.func @step(%[[FRAME:[a-z0-9]+]]
// MARKS: kernel.mark %[[FRAME]] site 0
// MARKS: kernel.mark %[[FRAME]] site 1
// MARKS: kernel.mark %[[FRAME]] site 2
// MARKS: kernel.mark %[[FRAME]] site 3
module attributes {nn.model = "toy"} {
  nn.size @B in 1 to 4
  nn.size @T in 1 to 8 per @B
  nn.size @S in 1 to 16 per @B

  // CHECK: func.func @step
  // CHECK: nn.linear {{.*}}nn.site = 0
  // CHECK: nn.cache_append {{.*}}nn.site = 1
  // CHECK: nn.add {{.*}}nn.site = 3
  func.func @step(%x: tensor<?x?x3xf32, #nn.axes<B, T, D>>) -> tensor<?x?x1x4xf32, #nn.axes<B, T, H, K>> attributes {nn.entry} {
    %w = nn.weight "w.weight" : tensor<4x3xf32, #nn.axes<"H*K", D>>
    %q = nn.linear %x, %w contracts 1 : (tensor<?x?x3xf32, #nn.axes<B, T, D>>, tensor<4x3xf32, #nn.axes<"H*K", D>>) -> tensor<?x?x1x4xf32, #nn.axes<B, T, H, K>>
    %k = nn.cache_append "k" %q from "T" to "S" : (tensor<?x?x1x4xf32, #nn.axes<B, T, H, K>>) -> tensor<?x?x1x4xf32, #nn.axes<B, S, H, K>>
    %a = nn.attention %q, %k, %k scale 0.5 where {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %c = arith.cmpi sle, %j, %i : index
      nn.yield %c : i1
    } : (tensor<?x?x1x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?x1x4xf32, #nn.axes<B, S, H, K>>, tensor<?x?x1x4xf32, #nn.axes<B, S, H, K>>) -> tensor<?x?x1x4xf32, #nn.axes<B, T, H, K>>
    %y = nn.add %a, %q : (tensor<?x?x1x4xf32, #nn.axes<B, T, H, K>>, tensor<?x?x1x4xf32, #nn.axes<B, T, H, K>>) -> tensor<?x?x1x4xf32, #nn.axes<B, T, H, K>>
    return %y : tensor<?x?x1x4xf32, #nn.axes<B, T, H, K>>
  }
}
