// RUN: heddle-opt %s --split-input-file --verify-diagnostics

// program.description C1
program.description "m" {
}
// expected-error @below {{is there twice, needs to be the module's only one}}
program.description "m" {
}

// -----

// program.description C1
// expected-error @below {{is called "../../evil", needs letters, digits and underscores, a digit not in front}}
program.description "../../evil" {
}

// -----

// program.description C2
program.description "m" {
  // expected-error @below {{is no part of the description of a program}}
  func.func private @f()
}

// -----

// program.description C2
program.description "m" {
  program.size "B" in 1 to 2
  // expected-error @below {{`B` is there twice}}
  program.size "B" in 1 to 2
}

// -----

// program.description C2
program.description "m" {
  program.entry @f {
  }
  // expected-error @below {{@f is there twice}}
  program.entry @f {
  }
}

// -----

// program.description C2
// expected-error @below {{has 9 sizes, needs 8 at most}}
program.description "m" {
  program.size "A" in 1 to 2
  program.size "B" in 1 to 2
  program.size "C" in 1 to 2
  program.size "D" in 1 to 2
  program.size "E" in 1 to 2
  program.size "F" in 1 to 2
  program.size "G" in 1 to 2
  program.size "H" in 1 to 2
  program.size "I" in 1 to 2
}

// -----

// program.description C3
// expected-error @below {{has the size `B`, needs one of the program's}}
program.description "m" rows "B" {
}

// -----

// program.description C3
program.description "m" {
  // expected-error @below {{has the size `B`, needs one of the program's}}
  program.size "T" in 1 to 2 per "B"
}

// -----

// program.description C3
program.description "m" {
  // expected-error @below {{has the size `S`, needs one of the program's}}
  program.size "T" in 1 to 2 grown by "S"
}

// -----

// program.description C3
program.description "m" {
  program.size "B" in 1 to 2
  // expected-error @below {{has the size `T`, needs one of the program's}}
  program.entry @f arena "B*T" {
  }
}

// -----

// program.description C3
program.description "m" {
  // expected-error @below {{has the size `M`, needs one of the program's}}
  program.entry @f reads ["M"] {
  }
}

// -----

// program.description C3
program.description "m" {
  program.entry @f {
    // expected-error @below {{has the size `B`, needs one of the program's}}
    program.output "y" "B" : f32 ["B"]
  }
}

// -----

// program.description C3
program.description "m" {
  program.size "B" in 1 to 2
  program.entry @f {
    // expected-error @below {{has the power 144 of `B`, needs -128 to 127}}
    program.input "x" "" : f32 ["B^16*B^16*B^16", "B^16*B^16*B^16", "B^16*B^16*B^16"]
  }
}

// -----

// program.description C3
program.description "m" {
  // expected-error @below {{has the size `S`, needs one of the program's}}
  program.cache 0 "k" of 4 bytes per "S"
}

// -----

// program.description C3
program.description "m" {
  // expected-error @below {{has the size `S`, needs one of the program's}}
  program.site 0 "f: add" bytes "4*S"
}

// -----

// program.description C4
program.description "m" {
  program.cache 0 "k" of 4 bytes
  // expected-error @below {{has the number 2, needs 1, in order}}
  program.cache 2 "v" of 4 bytes
}

// -----

// program.description C4
program.description "m" {
  // expected-error @below {{has the number 1, needs 0, in order}}
  program.site 1 "f: add"
}

// -----

// program.description C4
program.description "m" {
  // expected-error @below {{has the number 1, needs 0, in order}}
  program.tensor 1 <"w" [3] "D"> as <"plain f32"> normal
}

// -----

// program.description C5
program.description "m" {
  program.cache 0 "k" of 4 bytes
  // expected-error @below {{has cache 1 in a slot, needs 0 to 1 exclusive}}
  program.entry @f caches <0 to 1> {
  }
}

// -----

// program.description C5
program.description "m" {
  // expected-error @below {{has tensor 0 in a slot, needs 0 to 0 exclusive}}
  program.entry @f weights <0> {
  }
}

// -----

// program.size C1
program.description "m" {
  // expected-error @below {{is called "B T", needs letters, digits and underscores}}
  program.size "B T" in 1 to 2
}

// -----

// program.size C2
program.description "m" {
  // expected-error @below {{is 5 to 3 step 1, needs a range that is not empty}}
  program.size "B" in 5 to 3
}

// -----

// program.size C2
program.description "m" {
  // expected-error @below {{attribute 'max' failed to satisfy constraint}}
  program.size "B" in 5 to 1099511627777
}

// -----

// expected-error @below {{expects parent op 'program.description'}}
program.size "B" in 1 to 2

// -----

// program.entry C1
program.description "m" {
  // expected-error @below {{calls the function @f, which the module does not have}}
  program.entry @f {
  }
}

// -----

// program.entry C1
program.description "m" {
  // expected-error @below {{calls the function @f, which the module does not have}}
  program.entry @f {
  }
}
func.func private @f()

// -----

// program.entry C1
program.description "m" {
  // expected-error @below {{is called "f g", needs letters, digits and underscores}}
  program.entry @"f g" {
  }
}

// -----

// program.entry C2
program.description "m" {
  program.entry @f {
    // expected-error @below {{is no part of an entry, needs inputs and outputs}}
    func.func private @g()
  }
}

// -----

// program.entry C2
program.description "m" {
  program.entry @f {
    program.input "x" "" : f32 []
    // expected-error @below {{`x` is there twice}}
    program.output "x" "" : f32 []
  }
}

// -----

program.description "m" {
  // expected-error @below {{attribute 'arena' failed to satisfy constraint: size expression such as "3*B*T"}}
  program.entry @f arena "3*" {
  }
}

// -----

// program.input C1
program.description "m" {
  program.entry @f {
    // expected-error @below {{is called "x, int y", needs letters}}
    program.input "x, int y" "" : f32 []
  }
}

// -----

// program.input C2
program.description "m" {
  program.entry @f {
    // expected-error @below {{has the axis "*/", needs a size expression}}
    program.input "x" "B */" : f32 []
  }
}

// -----

// program.input C3
program.description "m" {
  program.entry @f {
    // expected-error @below {{has a number of elements of more than 64 terms}}
    program.input "x" "" : f32 ["A+B+C+D", "A+B+C+D", "A+B+C+D", "A+B"]
  }
}

// -----

program.description "m" {
  program.entry @f {
    // expected-error @below {{attribute 'below' failed to satisfy constraint}}
    program.input "x" "" : i32 [] below 4294967296
  }
}

// -----

program.description "m" {
  program.entry @f {
    // expected-error @below {{attribute 'type' failed to satisfy constraint}}
    program.input "x" "" : f64 []
  }
}

// -----

// program.cache C1
program.description "m" {
  // expected-error @below {{has a control character in its name, needs none}}
  program.cache 0 "a\1Bb" of 4 bytes
}

// -----

// program.cache C3
program.description "m" {
  program.size "S" in 1 to 8
  // expected-error @below {{is read within a window, needs positions that calls append}}
  program.cache 0 "memory" of 4 bytes per "S" within 3 state
}

// -----

// program.cache C2
program.description "m" {
  // expected-error @below {{has 16 bytes in 3 streams, needs a multiple of them}}
  program.cache 0 "k" of 16 bytes in 3 streams
}

// -----

program.description "m" {
  // expected-error @below {{attribute 'streams' failed to satisfy constraint}}
  program.cache 0 "k" of 16 bytes in 0 streams
}

// -----

program.description "m" {
  // expected-error @below {{attribute 'bytes' failed to satisfy constraint}}
  "program.cache"() <{number = 0 : i64, path = "a", bytes = 4 : i128}> : () -> ()
}

// -----

// program.site C1
program.description "m" {
  // expected-error @below {{has a control character in its name, needs none}}
  program.site 0 "a\1Bb"
}

// -----

// program.tensor C1
program.description "m" {
  // expected-error @below {{has parts of 3 and 4 inputs, needs the same}}
  program.tensor 0 <"q" [2, 3] "E D"> then <"k" [2, 4] "E F"> as <"panel<32> f32"> normal
}

// -----

// program.tensor C1
program.description "m" {
  // expected-error @below {{has no part, needs one}}
  "program.tensor"() <{number = 0 : i64, parts = [], layout = #kernel.layout<"plain f32">, fill = 1 : i32}> : () -> ()
}

// -----

program.description "m" {
  // expected-error @below {{property 'fill' failed to satisfy constraint: what a weight without a checkpoint is filled with}}
  "program.tensor"() <{number = 0 : i64, parts = [#program.part<"w" [3] "D">], layout = #kernel.layout<"plain f32">, fill = 3 : i32}> : () -> ()
}

// -----

program.description "m" {
  // expected-error @below {{needs an i32 for what an entry does when texts are generated}}
  "program.entry"() <{function = @f, generates = 79999999999999999999999999999999 : i128}> ({
  }) : () -> ()
}

// -----

// program.tensor C2
program.description "m" {
  // expected-error @below {{panel<32> f32 groups<2, 3>: }}
  program.tensor 0 <"q" [2, 3] "E D"> as <"panel<32> f32 groups<2, 3>"> normal
}

// -----

// #program.part C1
program.description "m" {
  // expected-error @below {{q: needs sizes from 1 on, 2^40 elements at most}}
  program.tensor 0 <"q" [0, 3] "E D"> as <"plain f32"> normal
}

// -----

// #program.part C1
program.description "m" {
  // expected-error @below {{q: needs sizes from 1 on, 2^40 elements at most}}
  program.tensor 0 <"q" [4294967296, 4294967296, 4294967296] "E D F"> as <"plain f32"> normal
}

// -----

// #program.slots C1
program.description "m" {
  // expected-error @below {{slots 3 to 1, needs numbers from 0 on that go up}}
  program.entry @f weights <3 to 1> {
  }
}

// -----

// #program.slots C2
program.description "m" {
  // expected-error @below {{there are 2000000 slots, needs 500000 at most}}
  program.entry @f weights <0 to 1999999> {
  }
}
