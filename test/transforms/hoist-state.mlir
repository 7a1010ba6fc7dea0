// RUN: heddle-opt %s --nn-hoist-state --split-input-file --verify-diagnostics --remarks-filter=nn-hoist-state | FileCheck %s

nn.size @B in 1 to 4
nn.size @M in 1 to 6 per @B
nn.size @D = 3
nn.size @E = 5
!m = tensor<?x?x3xf32, #nn.axes<B, M, D>>
!e = tensor<?x?x5xf32, #nn.axes<B, M, E>>
!w = tensor<5x3xf32, #nn.axes<E, D>>
!both = tensor<8x3xf32, #nn.axes<"D+E", D>>

// Computed once where the state is set, with what it needs outside of the loop before it; the state itself goes.
// CHECK: nn.state @memory.1 : !B_M_D
// CHECK: nn.state @memory.0 : !B_M_E
// CHECK-NOT: nn.state @memory :
nn.state @memory : !m

// CHECK-LABEL: func.func @encode
// CHECK-SAME: %[[X:[a-z0-9]*]]: !B_M_D
// CHECK-NOT: nn.state_write @memory,
// CHECK: %[[N:.*]] = nn.rms_norm %[[X]],
// CHECK: scf.for %[[L:[a-z0-9]+]] =
// CHECK: %[[W:.*]] = nn.weight absolute "layers.{0}.kv"[%[[L]]]
// CHECK: %[[KV:.*]]:2 = nn.linear %[[N]], %[[W]]
// CHECK-DAG: nn.state_write @memory.0, %[[KV]]#0 at "{0}"[%[[L]]]
// CHECK-DAG: nn.state_write @memory.1, %[[KV]]#1 at "{0}"[%[[L]]]
func.func @encode(%x: !m) attributes {nn.entry} {
  nn.state_write @memory, %x : !m
  return
}

// CHECK-LABEL: func.func @step
// CHECK-NOT: nn.rms_norm
// CHECK: scf.for %[[L:[a-z0-9]+]] =
// CHECK-DAG: nn.state_read @memory.0 at "{0}"[%[[L]]]
// CHECK-DAG: nn.state_read @memory.1 at "{0}"[%[[L]]]
// CHECK-NOT: nn.linear
func.func @step(%y: !e, %z: !m) -> (!e, !m) attributes {nn.entry} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  // expected-remark @+1 {{what is computed from the state alone (2 values) is computed once, when it is set}}
  %m = nn.state_read @memory : !m
  %s = nn.weight "norm" : tensor<3xf32, #nn.axes<D>>
  %n = nn.rms_norm %m, %s eps 1.0e-5 : (!m, tensor<3xf32, #nn.axes<D>>) -> !m
  %r:2 = scf.for %l = %c0 to %c3 step %c1 iter_args(%t = %y, %u = %z) -> (!e, !m) {
    %w = nn.weight "layers.{0}.kv" [%l] : !both
    %k, %v = nn.linear %n, %w contracts 1 : (!m, !both) -> (!e, !m)
    %a = nn.add %t, %k : (!e, !e) -> !e
    %b = nn.add %u, %v : (!m, !m) -> !m
    scf.yield %a, %b : !e, !m
  }
  return %r#0, %r#1 : !e, !m
}

// -----

nn.size @B in 1 to 4
nn.size @M in 1 to 6 per @B
nn.size @D = 3
!m = tensor<?x?x3xf32, #nn.axes<B, M, D>>
!w = tensor<3x3xf32, #nn.axes<D, D>>

// No loop, no path. The state stays where something else reads it, and every write is followed.
// CHECK-DAG: nn.state @memory :
// CHECK-DAG: nn.state @memory.0 :
nn.state @memory : !m
// CHECK-LABEL: func.func @encode
// CHECK-COUNT-2: nn.state_write @memory.0, %{{[a-z0-9_.]+}} :
func.func @encode(%x: !m) attributes {nn.entry} {
  nn.state_write @memory, %x : !m
  %r = nn.relu %x : !m
  nn.state_write @memory, %r : !m
  return
}
// CHECK-LABEL: func.func @step
// CHECK-DAG: %[[M:[a-z0-9_.]+]] = nn.state_read @memory :
// CHECK-DAG: %[[K:[a-z0-9_.]+]] = nn.state_read @memory.0 :
// CHECK-DAG: nn.rope %[[K]] at
// CHECK-DAG: nn.rope %[[M]] at
func.func @step() -> !m attributes {nn.entry} {
  // expected-remark @+1 {{what is computed from the state alone (1 value) is computed once, when it is set}}
  %m = nn.state_read @memory : !m
  %w = nn.weight "k" : !w
  %k = nn.linear %m, %w contracts 1 : (!m, !w) -> !m
  %a = nn.add %k, %m : (!m, !m) -> !m
  %p = nn.positions "M" : tensor<?x?xi32, #nn.axes<B, M over N>>
  %y = nn.rope %a at %p frequencies <[1.0]> pairs halves : (!m, tensor<?x?xi32, #nn.axes<B, M over N>>) -> !m
  %z = nn.rope %m at %p frequencies <[1.0]> pairs halves : (!m, tensor<?x?xi32, #nn.axes<B, M over N>>) -> !m
  %yz = nn.add %y, %z : (!m, !m) -> !m
  return %yz : !m
}

// -----

nn.size @B in 1 to 4
nn.size @M in 1 to 6 per @B
!m = tensor<?x?x3xf32, #nn.axes<B, M, D>>

// What costs no product is as soon computed as kept.
nn.state @memory : !m
func.func @encode(%x: !m) attributes {nn.entry} {
  nn.state_write @memory, %x : !m
  return
}
// CHECK-LABEL: func.func @not_hoisted_without_a_product
// CHECK: %[[M:.*]] = nn.state_read @memory :
// CHECK: nn.relu %[[M]]
func.func @not_hoisted_without_a_product() -> !m attributes {nn.entry} {
  %m = nn.state_read @memory : !m
  %y = nn.relu %m : !m
  return %y : !m
}

// -----

nn.size @B in 1 to 4
nn.size @M in 1 to 6 per @B
!m = tensor<?x?x3xf32, #nn.axes<B, M, D>>
!w = tensor<3x3xf32, #nn.axes<D, D>>

nn.state @memory : !m
func.func @encode(%x: !m) attributes {nn.entry} {
  nn.state_write @memory, %x : !m
  return
}
func.func @block(%m: !m) -> !m {
  %w = nn.weight "k" : !w
  %k = nn.linear %m, %w contracts 1 : (!m, !w) -> !m
  return %k : !m
}
func.func @reader() -> !m {
  // expected-remark @+1 {{Reason="it is called from several places", Remark="what block 'reader' computes from the state alone is computed in every call"}}
  %m = nn.state_read @memory : !m
  %w = nn.weight "k" : !w
  %k = nn.linear %m, %w contracts 1 : (!m, !w) -> !m
  return %k : !m
}
// CHECK-LABEL: func.func @not_hoisted_out_of_blocks
// CHECK: nn.state_read @memory :
// CHECK: nn.call
func.func @not_hoisted_out_of_blocks() -> !m attributes {nn.entry} {
  // expected-remark @+1 {{what block 'block' computes}}
  %m = nn.state_read @memory : !m
  %y = nn.call @block(%m) at "a" : (!m) -> !m
  %z = nn.call @reader() at "b" : () -> !m
  %r = nn.add %y, %z : (!m, !m) -> !m
  return %r : !m
}

// -----

nn.size @B in 1 to 4
nn.size @M in 1 to 6 per @B
!m = tensor<?x?x3xf32, #nn.axes<B, M, D>>
!w = tensor<3x3xf32, #nn.axes<D, D>>

// Two entries that compute the same of a state have it from the same states; what another computes has its own.
// CHECK-DAG: nn.state @memory.0
// CHECK-DAG: nn.state @memory.1
// CHECK-NOT: nn.state @memory.2
nn.state @memory : !m
func.func @encode(%x: !m) attributes {nn.entry} {
  nn.state_write @memory, %x : !m
  return
}
// CHECK-LABEL: func.func @first
// CHECK: nn.state_read @memory.0 at "{0}"
func.func @first(%x: !m) -> !m attributes {nn.entry} {
  // expected-remark @+1 {{(1 value) is computed once}}
  %m = nn.state_read @memory : !m
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %y = scf.for %l = %c0 to %c2 step %c1 iter_args(%a = %x) -> !m {
    %w = nn.weight "k.{0}"[%l] : !w
    %k = nn.linear %m, %w contracts 1 : (!m, !w) -> !m
    %s = nn.add %a, %k : (!m, !m) -> !m
    scf.yield %s : !m
  }
  return %y : !m
}
// CHECK-LABEL: func.func @second
// CHECK: nn.state_read @memory.0 at "{0}"
func.func @second(%x: !m) -> !m attributes {nn.entry} {
  // expected-remark @+1 {{(1 value) is computed once}}
  %m = nn.state_read @memory : !m
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %y = scf.for %l = %c0 to %c2 step %c1 iter_args(%a = %x) -> !m {
    %w = nn.weight "k.{0}"[%l] : !w
    %k = nn.linear %m, %w contracts 1 : (!m, !w) -> !m
    %s = nn.mul %a, %k : (!m, !m) -> !m
    scf.yield %s : !m
  }
  return %y : !m
}
// CHECK-LABEL: func.func @of_other_weights
// CHECK: nn.state_read @memory.1 at "{0}"
func.func @of_other_weights(%x: !m) -> !m attributes {nn.entry} {
  // expected-remark @+1 {{(1 value) is computed once}}
  %m = nn.state_read @memory : !m
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %y = scf.for %l = %c0 to %c2 step %c1 iter_args(%a = %x) -> !m {
    %w = nn.weight "v.{0}"[%l] : !w
    %k = nn.linear %m, %w contracts 1 : (!m, !w) -> !m
    %s = nn.add %a, %k : (!m, !m) -> !m
    scf.yield %s : !m
  }
  return %y : !m
}
