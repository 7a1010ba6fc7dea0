// RUN: heddle-opt %s --nn-plan-memory --describe-program --split-input-file | FileCheck %s
// RUN: heddle-opt %s --nn-plan-memory --describe-program --nn-to-kernel --split-input-file | FileCheck %s --check-prefix=MARKS

// Every op that computes has a number, and the work it does. The mask admits
// T·S − T·(T − 1)/2 pairs, each 2·(4 + 4) operations; keys and values are 4·(4 + 4) bytes a position.
// CHECK: program.site 0 "step: linear w [B T H K]" flops "24*B*T" bytes "48"{{$}}
// CHECK-NEXT: program.site 1 "step: cache_append k [B S H K]" bytes "32*B*T"{{$}}
// CHECK-NEXT: program.site 2 "step: attention [B T H K]" flops "16*B*S*T-8*B*T^2+8*B*T" bytes "32*B*S"{{$}}
// CHECK-NEXT: program.site 3 "step: add [B T H K]" bytes "48*B*T"{{$}}

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

// -----

// Grouped, 4 blocks share 2 choices a token: a run is for half of the tokens on average. Its weight is read whole.
// CHECK: program.site 0 "expert: linear w [B T D]" flops "9*B*T" bytes "36"{{$}}
// CHECK-NEXT: program.site 1 "expert: relu [B T D]" bytes "12*B*T"{{$}}
!x = tensor<?x?x3xf32, #nn.axes<B, T, D>>
!i = tensor<?x?x2xi32, #nn.axes<B, T, A over E>>
!y = tensor<?x?x2x3xf32, #nn.axes<B, T, A, D>>
module attributes {nn.model = "experts"} {
  nn.size @B in 1 to 4
  nn.size @T in 1 to 8 per @B
  func.func private @expert(%x: !x) -> !x {
    %w = nn.weight "w.weight" : tensor<3x3xf32, #nn.axes<E, D>>
    %h = nn.linear %x, %w contracts 1 : (!x, tensor<3x3xf32, #nn.axes<E, D>>) -> !x
    %y = nn.relu %h : !x
    return %y : !x
  }
  func.func @step(%x: !x, %i: !i) -> !y attributes {nn.entry} {
    %y = nn.route @expert(%x) by %i of 4 grouped at "e.{0}" : (!x, !i) -> !y
    return %y : !y
  }
}

// -----

// A filter's elements for each of the result's; a dot product's terms for each.
// CHECK: program.site 0 "step: conv w [B O Y X]" flops "108*B" bytes "180*B+24"{{$}}
// CHECK-NEXT: program.site 1 "step: dot [B D]" flops "8*B*T" bytes "20*B*T+16*B"{{$}}
module attributes {nn.model = "windows"} {
  nn.size @B in 1 to 4
  nn.size @T in 1 to 8 per @B
  func.func @step(%x: tensor<?x2x3x3xf32, #nn.axes<B, C, V, U>>, %p: tensor<?x?xf32, #nn.axes<B, T>>, %z: tensor<?x?x4xf32, #nn.axes<B, T, D>>)
      -> (tensor<?x3x3x3xf32, #nn.axes<B, O, Y, X>>, tensor<?x4xf32, #nn.axes<B, D>>) attributes {nn.entry} {
    %w = nn.weight "w.weight" : tensor<3x2x1x1xf32, #nn.axes<O, C, P, P>>
    %y = nn.conv %x, %w stride [1, 1] pad [0, 0] dilation [1, 1] : (tensor<?x2x3x3xf32, #nn.axes<B, C, V, U>>, tensor<3x2x1x1xf32, #nn.axes<O, C, P, P>>) -> tensor<?x3x3x3xf32, #nn.axes<B, O, Y, X>>
    %d = nn.dot %p, %z over "T" : (tensor<?x?xf32, #nn.axes<B, T>>, tensor<?x?x4xf32, #nn.axes<B, T, D>>) -> tensor<?x4xf32, #nn.axes<B, D>>
    return %y, %d : tensor<?x3x3x3xf32, #nn.axes<B, O, Y, X>>, tensor<?x4xf32, #nn.axes<B, D>>
  }
}
