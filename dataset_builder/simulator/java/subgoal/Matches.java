package subgoal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import scala.Tuple2;
import scala.collection.Iterator;
import scala.collection.immutable.Set;
import scienceworld.input.InputParser$;
import scienceworld.objects.portal.Portal;
import scienceworld.struct.EnvObject;

/**
 * Which objects the words of an action name. The simulator composes all names of all visible objects
 * ("cup", "cup in sink", "cup on counter", ...), anew for every object that an earlier word of the same
 * action may mean. Here only the objects whose shortest names fit are looked at, once per action.
 */
public final class Matches {
  private static final int NAMES_KEPT = 50_000;

  /** Name → the same in lower case and without articles. */
  private static final Map<String, String> WORDS = new HashMap<>();

  /** Objects that may be named → rest of the action → what `matchObj` answers, for the current action. */
  private static final Map<EnvObject[], Map<String, Tuple2<Object, Tuple2<String, EnvObject>[]>>> ANSWERS =
      new IdentityHashMap<>();

  private static final Map<EnvObject, String[]> NAMES = new IdentityHashMap<>();

  private Matches() {}

  /** Called before and after an action is parsed: what an object is called may change between two. */
  public static void forget() {
    ANSWERS.clear();
    NAMES.clear();
    if (WORDS.size() > NAMES_KEPT) WORDS.clear();
  }

  /** `InputParser.matchObj`: the objects whose names a text begins with, each with the rest of the text. */
  public static Tuple2<Object, Tuple2<String, EnvObject>[]> matchObj(
      String text, EnvObject[] objects, EnvObject perspective) {
    return ANSWERS
        .computeIfAbsent(objects, all -> new HashMap<>())
        .computeIfAbsent(text, rest -> match(rest, objects, perspective));
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static Tuple2<Object, Tuple2<String, EnvObject>[]> match(
      String text, EnvObject[] objects, EnvObject perspective) {
    List<Tuple2<String, EnvObject>> matches = new ArrayList<>();
    for (EnvObject object : objects) {
      if (!mayMatch(text, object, perspective)) continue;
      for (String name : InputParser$.MODULE$.getObjectReferents(object, perspective)) {
        if (text.startsWith(name)) matches.add(new Tuple2(text.substring(name.length()).trim(), object));
      }
    }
    return new Tuple2(!matches.isEmpty(), matches.toArray(new Tuple2[0]));
  }

  /** Whether a text begins with a name without container: those with one ("cup in sink") begin with it. */
  private static boolean mayMatch(String text, EnvObject object, EnvObject perspective) {
    for (String name : NAMES.computeIfAbsent(object, key -> names(key, perspective))) {
      if (text.startsWith(name)) return true;
    }
    return false;
  }

  private static String[] names(EnvObject object, EnvObject perspective) {
    Set<String> referents =
        object instanceof Portal portal ? portal.getReferents(perspective) : object.getReferents();
    List<String> names = new ArrayList<>(referents.size());
    for (Iterator<String> all = referents.iterator(); all.hasNext(); ) {
      names.add(WORDS.computeIfAbsent(all.next(), Matches::words));
    }
    return names.toArray(new String[0]);
  }

  private static String words(String name) {
    return String.join(" ", InputParser$.MODULE$.tokenize(name.toLowerCase()));
  }

  /** `InputParser.removeDuplicates`: the first of equal rows; the simulator compares all pairs of rows. */
  public static EnvObject[][] removeDuplicates(EnvObject[][] rows) {
    Map<List<EnvObject>, EnvObject[]> first = new LinkedHashMap<>();
    for (EnvObject[] row : rows) first.putIfAbsent(Arrays.asList(row), row);
    return first.values().toArray(new EnvObject[0][]);
  }
}
