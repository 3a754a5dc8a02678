package subgoal;

import java.lang.reflect.Field;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import main.scala.scienceworld.runtime.SimplifierProcessor$;
import scala.Tuple3;
import scienceworld.goldagent.PathFinder$;
import scienceworld.runtime.AgentInterface;
import scienceworld.runtime.pythonapi.PythonInterface;
import util.UniqueIdentifier$;

/**
 * One episode, with one remote call for a load and one for a step. The simulator keeps the random
 * generator, the counter of object ids and the simplifications in static variables: each episode has its
 * own values, which are restored before its next call. Only one thread at a time may call the episodes of
 * a class loader.
 */
public final class Game {
  private static final String SEPARATOR = "\u001f";
  private static final AtomicLong SEED = seed();
  private static final UniqueIdentifier$ IDS = UniqueIdentifier$.MODULE$;

  /** The episode that the static variables belong to. */
  private static Game current;

  private static String enabled = "";

  public final PythonInterface simulator;
  private AgentInterface game;
  private String simplifications = "";
  private long seed;
  private long ids;

  public Game() {
    activate();
    simulator = new PythonInterface();
  }

  private static AtomicLong seed() {
    try {
      Field field = Random.class.getDeclaredField("seed");
      field.setAccessible(true);
      return (AtomicLong) field.get(scala.util.Random$.MODULE$.self());
    } catch (ReflectiveOperationException error) {
      throw new IllegalStateException(error);
    }
  }

  private void activate() {
    if (current == this) return;
    if (current != null) {
      current.seed = SEED.get();
      current.ids = IDS.count();
    }
    SEED.set(seed);
    IDS.count_$eq(ids);
    if (!simplifications.equals(enabled)) enable(simplifications);
    current = this;
  }

  private static void enable(String simplifications) {
    SimplifierProcessor$.MODULE$.parseSimplificationStr(simplifications);
    enabled = simplifications;
  }

  /**
   * Load a variation.
   *
   * @param labels what the simulator is told to simplify
   * @param simplifications the same with `easy` expanded
   * @return an error, empty if there is none; then task description, look and inventory
   */
  public String load(
      String task, int variation, String labels, String simplifications, boolean goldPath) {
    activate();
    // The simulator builds the rooms before it reads the simplifications, so that those of the previous
    // load decide about self-watering pots. They are set first, as before a reset.
    this.simplifications = simplifications;
    enable(simplifications);
    // The solver caches routes by their first room, in an order that depends on the variation: its solution
    // would depend on the variations that were solved before.
    if (goldPath) PathFinder$.MODULE$.precomputedExhaustivePaths().clear();
    Tasks.name = task;
    String error;
    try {
      error = simulator.load(task, variation, labels, goldPath);
    } finally {
      Tasks.name = "";
    }
    simulator.taskMaker_$eq(null); // most of an episode's memory; each load creates it again
    game = error.isEmpty() ? simulator.agentInterface().get() : null;
    return error + SEPARATOR + (game == null ? "" : simulator.getTaskDescription() + views());
  }

  /**
   * Play an action: what `PythonInterface.step` calls, without the texts that it composes for its log.
   *
   * @return observation, look, inventory, score, whether the task is completed, and the number of moves
   */
  public String step(String action) {
    activate();
    Tuple3<String, Object, Object> result = game.step(action);
    return String.join(
        SEPARATOR,
        result._1() + views(),
        result._2().toString(),
        result._3().toString(),
        Integer.toString(game.getCurIterations()));
  }

  /** Look and inventory, which take no time; empty if the simulator fails to describe one of them. */
  private String views() {
    try {
      return SEPARATOR + look() + SEPARATOR + inventory();
    } catch (RuntimeException | StackOverflowError error) { // raised when they are asked for
      return SEPARATOR + SEPARATOR;
    }
  }

  public String look() {
    return simulator.freeActionLook();
  }

  public String inventory() {
    return simulator.freeActionInventory();
  }

  /** The answer to a question to the simulator itself, such as `help`. */
  public String ask(String question) {
    activate();
    return simulator.step(question);
  }

  public String validActions() {
    activate();
    enable(simplifications);
    return simulator.getValidActionObjectCombinations().toString();
  }

  public String goldPath() {
    return String.join(SEPARATOR, simulator.getGoldActionSequence());
  }

  /** Forget this episode's static variables. */
  public void close() {
    if (current == this) current = null;
  }
}
