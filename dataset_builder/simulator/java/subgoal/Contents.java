package subgoal;

import java.util.ArrayList;
import java.util.List;
import scala.collection.Iterator;
import scala.collection.immutable.HashSet;
import scala.collection.immutable.HashSet$;
import scala.collection.immutable.Set;
import scienceworld.objects.portal.Portal;
import scienceworld.struct.EnvObject;

/**
 * What an object contains. The simulator copies a mutable set at every such question, several times per
 * object and tick, and collects a tree by copying all that it has at each of its nodes.
 */
public final class Contents {
  /** Up to this size, an immutable set of Scala keeps the order in which its elements were added. */
  private static final int ORDERED_SIZE = 4;

  private Contents() {}

  /** `EnvObject.getContainedObjects`: the copy is kept until the contents change. */
  @SuppressWarnings("unchecked")
  public static Set<EnvObject> objects(EnvObject object, boolean includeHidden) {
    if (!includeHidden) return object.getContainedObjectsUncached(false);
    Set<EnvObject> copy = object.contentsCopy;
    if (copy == null) {
      copy = object.getContainedObjectsUncached(true);
      object.contentsCopy = copy;
    }
    return copy;
  }

  /** `EnvObject.getPortals`: the copy is kept until a portal is added or removed. */
  @SuppressWarnings("unchecked")
  public static Set<Portal> portals(EnvObject object, boolean includeHidden) {
    if (!includeHidden) return object.getPortalsUncached(false);
    Set<Portal> copy = object.portalsCopy;
    if (copy == null) {
      copy = object.getPortalsUncached(true);
      object.portalsCopy = copy;
    }
    return copy;
  }

  /**
   * `EnvObject.getContainedObjectsAndPortalsRecursive`: in one pass.
   *
   * <p>A larger set is ordered by the hashes of its elements, whatever the order in which they were added.
   * The order of a small one depends on the original's way to collect, which it therefore keeps.
   */
  public static Set<EnvObject> tree(EnvObject root, boolean includeHidden, boolean connections) {
    List<EnvObject> objects = new ArrayList<>();
    collect(root, includeHidden, connections, objects);
    HashSet<EnvObject> set = HashSet$.MODULE$.empty();
    for (EnvObject object : objects) set = set.$plus(object);
    if (set.size() > ORDERED_SIZE) return set;
    return root.getContainedObjectsAndPortalsRecursiveUncached(includeHidden, connections);
  }

  private static void collect(
      EnvObject root, boolean includeHidden, boolean connections, List<EnvObject> objects) {
    for (Iterator<Portal> all = portals(root, true).iterator(); all.hasNext(); ) {
      Portal portal = all.next();
      if (!includeHidden && portal.isHidden()) continue;
      objects.add(portal);
      if (!connections) continue;
      for (Iterator<EnvObject> ends = portal.getConnectionPoints().iterator(); ends.hasNext(); ) {
        objects.add(ends.next());
      }
    }
    for (Iterator<EnvObject> all = objects(root, true).iterator(); all.hasNext(); ) {
      EnvObject object = all.next();
      if (!includeHidden && object.isHidden()) continue;
      objects.add(object);
      collect(object, includeHidden, connections, objects);
    }
  }
}
