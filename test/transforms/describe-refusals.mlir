// RUN: not heddle-opt %s --describe-program 2>&1 | FileCheck %s

// CHECK: error: the entry @f takes or gives 'tensor<3x4x!nn.dynamic<row>, #nn.axes<D, E>>', needs plain elements
func.func @f(%x: tensor<3x4x!nn.dynamic<row>, #nn.axes<D, E>>) attributes {nn.entry} {
  return
}
