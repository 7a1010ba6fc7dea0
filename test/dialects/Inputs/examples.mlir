// What the examples of the references refer to.
nn.size @B in 1 to 256
nn.size @M in 1 to 64 per @B
nn.size @D = 512
nn.state @memory : tensor<?x?x512xf32, #nn.axes<B, M, D>>
nn.state @keys : tensor<?x?x8x64xf32, #nn.axes<B, M, H, K>>
func.func private @layer(tensor<?x?x768xf32, #nn.axes<B, T, D>>) -> tensor<?x?x768xf32, #nn.axes<B, T, D>>
func.func private @expert(tensor<?x?x8xf32, #nn.axes<B, T, D>>) -> tensor<?x?x8xf32, #nn.axes<B, T, D>>
func.func private @task(index)
