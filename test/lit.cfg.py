# Every .mlir, .heddle and .test file under test/ is a test; its RUN lines say how.
import os
import subprocess
import lit.formats
import lit.util

config.name = "Heddle"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".heddle", ".test"]
config.excludes = ["Inputs", "golden", "benchmark"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.build_dir, "test")

# --param sanitized=1: heddle with its readers under AddressSanitizer and UndefinedBehaviorSanitizer (fuzz/README.md).
sanitized = "sanitized" in lit_config.params
heddle_dir = os.path.join(config.build_dir, "bin/sanitized" if sanitized else "bin")
if sanitized:
    config.name += "-sanitized"
    config.test_exec_root = os.path.join(config.build_dir, "test/sanitized")
    # LLVM allocates from arenas that were compiled without sanitizers.
    config.environment["ASAN_OPTIONS"] = "allow_user_poisoning=0:detect_leaks=0"
config.environment["PATH"] = os.pathsep.join(
    [heddle_dir, os.path.join(config.build_dir, "bin"), config.llvm_tools_dir, os.environ["PATH"]])
config.environment["LD_LIBRARY_PATH"] = os.environ.get("LD_LIBRARY_PATH", "")



def python_with_numpy():
    """Debian's numpy is for Debian's Python, which need not be the first one here. Without any, the tests of it fail and say so."""
    for python in (config.python, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import numpy"], capture_output=True).returncode == 0:
            return python
    return config.python


config.substitutions += [
    # Tests run on this machine: code for others, which programs have unless it is said, would be time. processors.test has it.
    ("%heddle build", os.path.join(heddle_dir, "heddle") + " build --cpu=native"),
    ("%heddle-opt", os.path.join(config.build_dir, "bin", "heddle-opt")),
    ("%bin", os.path.join(config.build_dir, "bin")),
    ("%heddle", os.path.join(heddle_dir, "heddle")),
    ("%examples", os.path.join(config.source_dir, "examples")),
    ("%models", os.path.join(config.source_dir, "examples", "models")),
    ("%root", config.source_dir),
    ("%readme", os.path.join(config.source_dir, "README.md")),
    ("%golden", os.path.join(config.source_dir, "test", "golden")),
    ("%libraries", os.path.join(config.build_dir, "lib")),
    ("%build", config.build_dir),
    ("%cc", config.c_compiler),
    ("%cxx", config.cxx_compiler),
    ("%cmake", config.cmake),
    ("%python", config.python),
    ("%numpy-python", python_with_numpy()),
]

# REQUIRES: of what a test runs natively.
config.available_features.add("target=" + config.host_arch)
# Programs for aarch64 can be linked and run here.
if os.path.exists(os.path.join(config.build_dir, "lib/aarch64-linux-gnu/libheddle_runtime.a")) and lit.util.which("qemu-aarch64"):
    config.available_features.add("qemu-aarch64")
# Older machines of this architecture.
if lit.util.which("qemu-x86_64"):
    config.available_features.add("qemu-x86_64")
