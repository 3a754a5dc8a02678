package subgoal;

import java.util.Random;
import scienceworld.tasks.TaskMaker1;
import scienceworld.tasks.specifictasks.*;
import util.UniqueIdentifier$;

/**
 * The variations of one task. The simulator creates the objects of all variations of all tasks at every
 * load, which takes three quarters of its time. Creating those of one task leaves the same world if it
 * begins with the same random numbers and object ids: the tasks before it draw as many numbers and create
 * as many objects in every variation, which a test checks.
 */
public final class Tasks {
  /** Objects that the simulator creates for all tasks. */
  private static final int ALL_OBJECTS = 17196;

  /** The task to create; empty for none. */
  static String name = "";

  private Tasks() {}

  /** `TaskMaker1.registerTasks`, called as a variation is loaded. */
  public static void register(TaskMaker1 maker) {
    if (name.isEmpty()) return;
    long before = UniqueIdentifier$.MODULE$.count();
    create(maker);
    UniqueIdentifier$.MODULE$.count_$eq(before + ALL_OBJECTS);
  }

  private static void create(TaskMaker1 maker) {
    switch (name) {
      case "boil", "melt", "freeze", "change-the-state-of-matter-of" ->
          TaskChangeOfState$.MODULE$.registerTasks(maker);
      case "power-component", "power-component-renewable-vs-nonrenewable-energy" -> {
        skip(32, 360);
        TaskElectricCircuit$.MODULE$.registerTasks(maker);
      }
      case "test-conductivity" -> {
        skip(32, 420);
        TaskElectricalConductivity$.MODULE$.registerTasks(maker);
      }
      case "test-conductivity-of-unknown-substances" -> {
        skip(32, 576);
        TaskElectricalConductivity2$.MODULE$.registerTasks(maker);
      }
      case "find-living-thing", "find-non-living-thing", "find-plant", "find-animal" -> {
        skip(56, 696);
        TaskFindLivingNonLiving$.MODULE$.registerTasks(maker);
      }
      case "grow-plant", "grow-fruit" -> {
        skip(696, 5856);
        TaskGrowPlant$.MODULE$.registerTasks(maker);
      }
      case "chemistry-mix" -> {
        skip(696, 7458);
        TaskChemistryMix$.MODULE$.registerTasks(maker);
      }
      case "chemistry-mix-paint-secondary-color", "chemistry-mix-paint-tertiary-color" -> {
        skip(696, 7770);
        TaskChemistryMixPaint$.MODULE$.registerTasks(maker);
      }
      case "lifespan-longest-lived", "lifespan-shortest-lived",
          "lifespan-longest-lived-then-shortest-lived" -> {
        skip(700, 7992);
        TaskLifeSpan$.MODULE$.registerTasks(maker);
      }
      case "identify-life-stages-1" -> {
        skip(700, 8127);
        TaskIdentifyLifeStages1$.MODULE$.registerTasks(maker);
      }
      case "identify-life-stages-2" -> {
        skip(700, 8757);
        TaskIdentifyLifeStages2$.MODULE$.registerTasks(maker);
      }
      case "inclined-plane-friction-named-surfaces" -> {
        skip(780, 11607);
        TaskInclinedPlane1$.MODULE$.registerTasks(maker);
      }
      case "inclined-plane-friction-unnamed-surfaces" -> {
        skip(780, 11757);
        TaskInclinedPlane2$.MODULE$.registerTasks(maker);
      }
      case "inclined-plane-determine-angle" -> {
        skip(780, 11817);
        TaskInclinedPlane3$.MODULE$.registerTasks(maker);
      }
      case "mendelian-genetics-known-plant" -> {
        skip(780, 11877);
        TaskMendelianGenetics1$.MODULE$.registerTasks(maker);
      }
      case "mendelian-genetics-unknown-plant" -> {
        skip(920, 12237);
        TaskMendelianGenetics2$.MODULE$.registerTasks(maker);
      }
      case "use-thermometer" -> {
        skip(2000, 12837);
        TaskUseInstrumentThermometer$.MODULE$.registerTasks(maker);
      }
      case "measure-melting-point-known-substance" -> {
        skip(2720, 14010);
        TaskUseInstrumentThermometer2$.MODULE$.registerTasks(maker);
      }
      case "measure-melting-point-unknown-substance" -> {
        skip(2745, 14313);
        TaskUseInstrumentThermometer3$.MODULE$.registerTasks(maker);
      }
      default -> throw new IllegalArgumentException(name);
    }
  }

  /** Continue as if the tasks before this one had drawn these numbers and created these objects. */
  private static void skip(int draws, int objects) {
    Random random = scala.util.Random$.MODULE$.self();
    for (int i = 0; i < draws; i++) random.nextInt();
    UniqueIdentifier$ ids = UniqueIdentifier$.MODULE$;
    ids.count_$eq(ids.count() + objects);
  }
}
