//===- Target.cpp - the machine that code is made for ---------------------===//

#include "compiler/codegen/Target.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"

using namespace heddle;
using namespace heddle::codegen;

// The features by which x86-64-v2, v3 and v4 differ from the level below
// (System V ABI, x86-64 supplement, section 3.1.1).
static constexpr llvm::StringLiteral level2Features[] = {
    "cx16", "popcnt", "sahf", "sse3", "ssse3", "sse4.1", "sse4.2"};
static constexpr llvm::StringLiteral level3Features[] = {
    "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"};
static constexpr llvm::StringLiteral level4Features[] = {
    "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"};

template <typename HasFeature> static unsigned highestLevel(HasFeature has) {
  if (!llvm::all_of(level3Features, has))
    return 0;
  return llvm::all_of(level4Features, has) ? 4 : 3;
}

static std::string nativeCpu(const llvm::Triple &triple) {
  if (triple.getArch() !=
      llvm::Triple(llvm::sys::getDefaultTargetTriple()).getArch())
    return "generic";
  if (triple.getArch() != llvm::Triple::x86_64)
    return llvm::sys::getHostCPUName().str();
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  switch (highestLevel(
      [&](llvm::StringRef feature) { return host.lookup(feature); })) {
  case 4:
    return "x86-64-v4";
  case 3:
    return "x86-64-v3";
  default:
    return "x86-64";
  }
}

/// What kernels of narrow types use of this machine beyond its level.
static std::string nativeFeatures(const llvm::Triple &triple) {
  if (triple.getArch() != llvm::Triple::x86_64 ||
      triple.getArch() !=
          llvm::Triple(llvm::sys::getDefaultTargetTriple()).getArch())
    return "";
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  llvm::SmallVector<llvm::StringRef> list;
  for (llvm::StringRef feature : {"+avx512bf16", "+avx512vnni", "+avxvnni"})
    if (host.lookup(feature.drop_front()))
      list.push_back(feature);
  return llvm::join(list, ",");
}

std::vector<TargetOptions> codegen::targetsOf(llvm::StringRef cpus,
                                              const TargetOptions &common) {
  std::vector<TargetOptions> targets;
  for (llvm::StringRef cpu : llvm::split(cpus, ',')) {
    auto [name, features] = cpu.split('+');
    TargetOptions target = common;
    target.cpu = name.str();
    for (llvm::StringRef feature : llvm::split(features, '+'))
      if (cpu.contains('+'))
        target.features +=
            (target.features.empty() ? "+" : ",+") + feature.str();
    targets.push_back(std::move(target));
  }
  return targets;
}

std::vector<TargetOptions>
codegen::usualProcessors(const TargetOptions &common) {
  llvm::Triple host(llvm::sys::getDefaultTargetTriple());
  llvm::Triple triple(
      common.triple.empty()
          ? host
          : llvm::Triple(llvm::Triple::normalize(common.triple)));
  if (triple.getArch() != llvm::Triple::x86_64)
    return {};
  std::vector<TargetOptions> targets =
      targetsOf("x86-64-v2,x86-64-v3,x86-64-v4,x86-64-v4+avx512vnni,"
                "x86-64-v4+avx512vnni+avx512bf16",
                common);
  for (TargetOptions &target : targets)
    target.isForTwins = target.cpu == "x86-64-v4" &&
                        !llvm::StringRef(target.features).contains("bf16");
  if (host.getArch() == triple.getArch())
    targets.push_back(common);
  return targets;
}

std::string codegen::tuneCpu(const TargetOptions &options) {
  if (!options.tune.empty())
    return options.tune;
  return options.cpu == "native" && options.triple.empty()
             ? llvm::sys::getHostCPUName().str()
             : "";
}

// LLVM prints a warning for an unknown feature and goes on; a user who misspelt
// it would get a slow program.
static bool checkFeatures(const llvm::MCSubtargetInfo &subtarget,
                          llvm::StringRef features, llvm::raw_ostream &errors) {
  for (llvm::StringRef feature : llvm::split(features, ',')) {
    if (feature.empty())
      continue;
    if (feature.front() != '+' && feature.front() != '-') {
      errors << "error: --features: found `" << feature << "`, needed +"
             << feature << " or -" << feature << "\n";
      return false;
    }
    auto known = llvm::any_of(subtarget.getAllProcessorFeatures(),
                              [&](const llvm::SubtargetFeatureKV &entry) {
                                return entry.Key == feature.drop_front();
                              });
    if (!known) {
      errors << "error: --features: "
             << subtarget.getTargetTriple().getArchName() << " has no feature `"
             << feature.drop_front() << "`\n";
      return false;
    }
  }
  return true;
}

/// What runtime/abi.h and the runtime are made for: 64 bits, little endian,
/// ELF, Linux.
static bool isSupported(const llvm::Triple &triple) {
  bool arch = (triple.getArch() == llvm::Triple::x86_64 && !triple.isX32()) ||
              (triple.getArch() == llvm::Triple::aarch64 &&
               triple.getEnvironment() != llvm::Triple::GNUILP32);
  return arch && triple.isOSLinux() && triple.isOSBinFormatELF();
}

std::unique_ptr<llvm::TargetMachine>
codegen::createTargetMachine(const TargetOptions &options,
                             llvm::raw_ostream &errors) {
  llvm::InitializeAllTargetInfos();
  llvm::InitializeAllTargets();
  llvm::InitializeAllTargetMCs();
  llvm::InitializeAllAsmPrinters();

  llvm::Triple triple(llvm::Triple::normalize(
      options.triple.empty() ? llvm::sys::getDefaultTargetTriple()
                             : options.triple));
  std::string message;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target || !isSupported(triple)) {
    errors << "error: "
           << (options.triple.empty()
                   ? "this machine is `" + triple.str() + "`"
                   : "--target: found `" + options.triple + "`")
           << ", needed 64-bit Linux: x86_64-linux-gnu or aarch64-linux-gnu\n";
    return nullptr;
  }

  std::string cpu = options.cpu == "native" ? nativeCpu(triple) : options.cpu;
  // x86-64 is what LLVM calls the baseline of this architecture; its "generic"
  // is the same with slower scheduling.
  if (cpu == "generic" && triple.getArch() == llvm::Triple::x86_64)
    cpu = "x86-64";

  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(
      target->createMCSubtargetInfo(triple, "", ""));
  if (!subtarget->isCPUStringValid(cpu)) {
    errors << "error: --cpu: found `" << options.cpu
           << "`, needed native, generic"
           << (triple.isX86() ? ", x86-64-v3, x86-64-v4" : "")
           << " or a CPU of " << triple.getArchName() << " by its LLVM name\n";
    return nullptr;
  }
  if (!checkFeatures(*subtarget, options.features, errors))
    return nullptr;
  // The last word on a feature counts: that of the user.
  std::string features = options.cpu == "native" ? nativeFeatures(triple) : "";
  if (!features.empty() && !options.features.empty())
    features += ",";
  features += options.features;

  llvm::TargetOptions llvmOptions;
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, cpu, features, llvmOptions, llvm::Reloc::PIC_,
      /*CodeModel=*/std::nullopt, llvm::CodeGenOptLevel::Aggressive));
  assert(machine && "a registered target makes a machine");
  return machine;
}

static bool isX86(const llvm::TargetMachine &machine) {
  return machine.getTargetTriple().getArch() == llvm::Triple::x86_64;
}

static bool hasFeature(const llvm::MCSubtargetInfo &subtarget,
                       llvm::StringRef feature) {
  return subtarget.checkFeatures(("+" + feature).str());
}

unsigned codegen::cpuLevel(const llvm::TargetMachine &machine) {
  if (!isX86(machine))
    return 0;
  auto has = [&](llvm::StringRef feature) {
    return hasFeature(*machine.getMCSubtargetInfo(), feature);
  };
  // A single feature above the baseline already needs the level that brings it.
  if (llvm::any_of(level4Features, has))
    return 4;
  if (llvm::any_of(level3Features, has))
    return 3;
  return llvm::any_of(level2Features, has) ? 2 : 0;
}

std::string codegen::cpuFeatures(const llvm::TargetMachine &machine) {
  if (!isX86(machine))
    return "";
  static constexpr llvm::StringLiteral levels[] = {"x86-64", "", "x86-64-v2",
                                                   "x86-64-v3", "x86-64-v4"};
  std::unique_ptr<llvm::MCSubtargetInfo> level(
      machine.getTarget().createMCSubtargetInfo(machine.getTargetTriple(),
                                                levels[cpuLevel(machine)], ""));
  const llvm::MCSubtargetInfo &subtarget = *machine.getMCSubtargetInfo();
  std::vector<llvm::StringRef> beyond;
  for (const llvm::SubtargetFeatureKV &feature :
       subtarget.getAllProcessorFeatures())
    if (hasFeature(subtarget, feature.Key) && !hasFeature(*level, feature.Key))
      beyond.push_back(feature.Key);
  return llvm::join(beyond, ",");
}
