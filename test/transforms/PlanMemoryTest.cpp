//===- PlanMemoryTest.cpp - no two live values share memory ---------------===//
//
// Random functions are planned and then run without numbers: memory holds, for
// every buffer, which value was written there last. An op finds its operands
// where the plan has put them, or the plan is wrong. So the test knows nothing
// of lifetimes: a loop is run for some turns.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Pipeline.h"
#include "compiler/transforms/Passes.h"
#include "dialects/nn/NN.h"
#include "dialects/nn/Places.h"
#include "dialects/nn/SizeTable.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "test/transforms/RandomModule.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;

namespace {

/// One run of a function over memory that remembers who wrote it.
class Execution {
public:
  Execution(func::FuncOp function, const SizeTable &sizes)
      : function(function), sizes(sizes) {}

  /// What is wrong with the plan, or nothing.
  std::string run() {
    runBlock(function.getBody().front());
    for (auto [number, value] : llvm::enumerate(
             function.getBody().front().getTerminator()->getOperands()))
      read(value, *function.getBody().front().getTerminator());
    return fault;
  }

private:
  /// A number for every time that a value comes about; 0 for what is not
  /// stored: arguments of the function and weights.
  struct Stored {
    int64_t place = kNotStored;
    unsigned instance = 0;
  };

  void fail(const Twine &what, Operation &op) {
    if (fault.empty())
      fault =
          (what + " at " + op.getName().getStringRef() + ", op " + Twine(ops))
              .str();
  }

  void read(Value value, Operation &op) {
    Stored stored = where.lookup(value);
    if (stored.place != kNotStored && memory[stored.place] != stored.instance)
      fail("found another value in place " + Twine(stored.place) +
               " of an operand",
           op);
  }

  void write(Value value, int64_t place) {
    where[value] = {place, place == kNotStored ? 0 : ++instances};
    if (place != kNotStored)
      memory[place] = instances;
  }

  static SmallVector<int64_t> placesOf(Operation &op) {
    auto places = op.getAttrOfType<DenseI64ArrayAttr>(kPlacesAttr);
    return places ? SmallVector<int64_t>(places.asArrayRef())
                  : SmallVector<int64_t>();
  }

  /// A product reads what is added to its sums where it writes the result.
  static bool mayOverwrite(Operation &op, OpOperand &operand) {
    return isa<LinearOp>(op) && operand.getOperandNumber() >= 2 &&
           operand.get() != op.getOperand(0) &&
           operand.get() != op.getOperand(1) &&
           operand.get().getType() == op.getResult(0).getType();
  }

  void runBlock(Block &block) {
    for (Operation &op : block.without_terminator()) {
      ++ops;
      if (auto loop = dyn_cast<scf::ForOp>(op))
        runLoop(loop);
      else
        runOp(op);
    }
  }

  void runOp(Operation &op) {
    SmallVector<int64_t> places = placesOf(op);
    for (Value operand : op.getOperands())
      read(operand, op);
    SmallVector<Value> results;
    for (Value result : op.getResults())
      if (isa<RankedTensorType>(result.getType()))
        results.push_back(result);
    if (places.size() < results.size())
      return fail("found no place of a result", op);
    // Nothing that the op writes may lie where it reads, or writes as well.
    llvm::DenseSet<int64_t> written;
    for (auto [number, place] : llvm::enumerate(places)) {
      if (place == kNotStored)
        continue;
      if (!written.insert(place).second)
        fail("found two of its buffers in place " + Twine(place), op);
      for (OpOperand &operand : op.getOpOperands())
        if (where.lookup(operand.get()).place == place &&
            !(number < results.size() && mayOverwrite(op, operand)))
          fail("found an operand in place " + Twine(place) +
                   ", which it writes",
               op);
    }
    for (auto [result, place] : llvm::zip(results, places)) {
      checkRoom(result, place, op);
      write(result, place);
    }
    for (int64_t scratch : ArrayRef(places).drop_front(results.size()))
      memory[scratch] = ++instances;
  }

  void runLoop(scf::ForOp loop) {
    Operation &op = *loop;
    SmallVector<int64_t> places = placesOf(op);
    auto arguments = loop.getRegionIterArgs();
    if (places.size() < arguments.size())
      return fail("found no place of what is carried", op);
    for (auto [argument, init, place] :
         llvm::zip(arguments, loop.getInitArgs(), places)) {
      read(init, op);
      checkRoom(argument, place, op);
      write(argument, place);
    }
    for (unsigned turn = 0; turn < 3; ++turn) {
      runBlock(*loop.getBody());
      Operation &yield = *loop.getBody()->getTerminator();
      for (Value value : yield.getOperands())
        read(value, yield);
      carry(loop, yield, places);
    }
    for (auto [result, argument] : llvm::zip(loop.getResults(), arguments))
      where[result] = where.lookup(argument);
  }

  /// The next turn's values go to their places at once: one that lies where
  /// another goes has to be set aside, in a buffer that nobody lives in.
  void carry(scf::ForOp loop, Operation &yield, ArrayRef<int64_t> places) {
    size_t count = loop.getRegionIterArgs().size();
    ArrayRef<int64_t> scratch = places.drop_front(count);
    SmallVector<int64_t> from, to(places.take_front(count));
    for (Value value : yield.getOperands())
      from.push_back(where.lookup(value).place);
    // A copy that stays where it is overwrites nobody.
    llvm::DenseSet<int64_t> overwritten;
    for (auto [source, target] : llvm::zip(from, to))
      if (source != target)
        overwritten.insert(target);
    size_t moved = 0;
    for (auto [source, target] : llvm::zip(from, to))
      moved += source != target && overwritten.contains(source);
    if (moved > scratch.size())
      fail("found " + Twine(scratch.size()) + " buffers to set aside " +
               Twine(moved) + " values",
           yield);
    for (int64_t place : scratch)
      memory[place] = ++instances;
    for (auto [value, place] : llvm::zip(yield.getOperands(), from))
      if (place != kNotStored && llvm::is_contained(scratch, place))
        fail("found a value where others are set aside", yield);
    for (auto [argument, place] : llvm::zip(loop.getRegionIterArgs(), to))
      write(argument, place);
  }

  /// Whether a buffer is as large as its value for some sizes.
  void checkRoom(Value value, int64_t place, Operation &op) {
    if (place < 0)
      return;
    auto buffers = function->getAttrOfType<ArrayAttr>(kBuffersAttr);
    if (place >= static_cast<int64_t>(buffers.size()))
      return fail("found no buffer " + Twine(place), op);
    FailureOr<SizeExpr> room =
        SizeExpr::parse(cast<StringAttr>(buffers[place]).getValue());
    SizeExpr needed = sizes.bytes(cast<RankedTensorType>(value.getType()));
    for (int64_t rows : {1, 2, 4})
      for (int64_t length : {1, 3, 6}) {
        auto valueOf = [&](StringRef name) -> std::optional<int64_t> {
          return name == "B" ? rows : length;
        };
        if (failed(room) ||
            *room->evaluate(valueOf) < *needed.evaluate(valueOf))
          return fail("found a buffer that is too small", op);
      }
  }

  func::FuncOp function;
  const SizeTable &sizes;
  llvm::DenseMap<Value, Stored> where;
  std::map<int64_t, unsigned> memory; ///< who wrote a place last
  unsigned instances = 0, ops = 0;
  std::string fault;
};

class PlanMemoryTest : public testing::Test {
protected:
  PlanMemoryTest() {
    DialectRegistry registry;
    pipeline::registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.disableMultithreading();
  }

  OwningOpRef<ModuleOp> planned(const std::string &text) {
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    PassManager passes(&context);
    passes.addPass(transforms::createFuseEpilogue());
    passes.addPass(transforms::createPlanMemory());
    if (!module || failed(passes.run(*module)))
      return {};
    return module;
  }

  static std::string faultOf(ModuleOp module) {
    SizeTable sizes(module);
    std::string fault;
    for (auto function : module.getOps<func::FuncOp>())
      if (std::string found = Execution(function, sizes).run();
          fault.empty() && !found.empty())
        fault = found + " of @" + function.getName().str();
    return fault;
  }

  MLIRContext context;
};

TEST_F(PlanMemoryTest, NoTwoLiveValuesShareMemory) {
  unsigned products = 0, overwritten = 0, loops = 0;
  for (unsigned seed = 0; seed < 1500; ++seed) {
    std::string text = test::randomModule(seed);
    OwningOpRef<ModuleOp> module = planned(text);
    ASSERT_TRUE(module) << "seed " << seed << "\n" << text;
    ASSERT_EQ(faultOf(*module), "") << "seed " << seed << "\n" << text;
    module->walk([&](Operation *op) {
      loops += isa<scf::ForOp>(op);
      products += isa<LinearOp>(op);
      overwritten += isa<LinearOp>(op) && op->getNumOperands() > 2;
    });
  }
  // The functions have what the plan is about.
  EXPECT_GT(loops, 1000u);
  EXPECT_GT(overwritten, 1000u);
  EXPECT_GT(products, overwritten);
}

/// The op of the name that comes first.
static Operation *find(ModuleOp module, StringRef name) {
  Operation *found = nullptr;
  module.walk([&](Operation *op) {
    if (!found && op->getName().getStringRef() == name)
      found = op;
  });
  return found;
}

static void setPlaces(Operation *op, ArrayRef<int64_t> places) {
  op->setAttr(kPlacesAttr, DenseI64ArrayAttr::get(op->getContext(), places));
}

constexpr const char *small = R"mlir(
nn.size @B in 1 to 4
!x = tensor<?x3xf32, #nn.axes<B, D>>
func.func @f(%x: !x) -> !x attributes {nn.entry} {
  %first = arith.constant 0 : index
  %last = arith.constant 3 : index
  %one = arith.constant 1 : index
  %a = nn.relu %x : !x
  %b = nn.exp %a : !x
  %c:2 = scf.for %l = %first to %last step %one
      iter_args(%u = %b, %v = %x) -> (!x, !x) {
    %d = nn.add %u, %a : (!x, !x) -> !x
    scf.yield %v, %d : !x, !x
  }
  %e = nn.tanh %c#0 : !x
  %f = nn.add %e, %c#1 : (!x, !x) -> !x
  return %f : !x
}
)mlir";

TEST_F(PlanMemoryTest, WrongPlansAreFound) {
  struct Change {
    const char *op, *fault;
    std::function<void(Operation *, SmallVector<int64_t>)> make;
  };
  int64_t ofRelu = -9;
  auto toRelu = [&](Operation *op, SmallVector<int64_t> places) {
    places[0] = ofRelu;
    setPlaces(op, places);
  };
  const Change changes[] = {
      // It would write what it still reads.
      {"nn.exp", "an operand in place", toRelu},
      // The body reads %a in every turn.
      {"nn.tanh", "", toRelu},
      {"scf.for", "another value in place", toRelu},
      {"scf.for", "buffers to set aside",
       [](Operation *op, SmallVector<int64_t> places) {
         setPlaces(op, ArrayRef(places).take_front(2));
       }},
      {"scf.for", "too small",
       [](Operation *op, SmallVector<int64_t>) {
         SmallVector<Attribute> none(9,
                                     StringAttr::get(op->getContext(), "4*B"));
         op->getParentOp()->setAttr(kBuffersAttr,
                                    ArrayAttr::get(op->getContext(), none));
       }},
  };
  for (const Change &change : changes) {
    OwningOpRef<ModuleOp> module = planned(small);
    ASSERT_TRUE(module);
    ASSERT_EQ(faultOf(*module), "");
    ofRelu = find(*module, "nn.relu")
                 ->getAttrOfType<DenseI64ArrayAttr>(kPlacesAttr)[0];
    Operation *op = find(*module, change.op);
    auto places = op->getAttrOfType<DenseI64ArrayAttr>(kPlacesAttr);
    change.make(op, SmallVector<int64_t>(places.asArrayRef()));
    std::string fault = faultOf(*module);
    EXPECT_NE(fault.find(change.fault), std::string::npos)
        << change.op << ": found '" << fault << "', needed " << change.fault;
    EXPECT_EQ(fault.empty(), std::string(change.fault).empty()) << fault;
  }
}

} // namespace
