import java.lang.reflect.Method;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;

import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.ClusterSettings;
import org.elasticsearch.common.settings.SecureSetting;
import org.elasticsearch.common.settings.Setting;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.transport.PortsRange;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.transport.netty4.Netty4Plugin;
import org.elasticsearch.xpack.core.XPackClientPlugin;
import org.elasticsearch.xpack.security.Security;

/**
 * Without arguments it prints the settings of a node that the server, its transport, x-pack-core and security register: the name of each, and what
 * values it takes, as elasticsearch-settings.txt has it. With
 * folders that hold an elasticsearch.yml, and perhaps a setting that overrides it, it prints for each what Elasticsearch makes of these: "ok",
 * or why they are refused.
 */
public class ServerSettings {
    public static void main(String[] folders) throws Exception {
        LogConfigurator.configureESLogging();
        Map<String, Setting<?>> all = new TreeMap<>();
        add(all, ClusterSettings.BUILT_IN_CLUSTER_SETTINGS);
        add(all, ofSecurity());
        add(all, new XPackClientPlugin().getSettings());
        add(all, new Netty4Plugin().getSettings());
        if (folders.length == 0) {
            all.forEach((name, setting) -> System.out.println((name + " " + type(name, setting)).trim()));
        }
        for (String folder : folders) {
            System.out.println(read(Path.of(folder), Set.copyOf(all.values())));
        }
    }

    private static void add(Map<String, Setting<?>> all, Iterable<? extends Setting<?>> some) {
        for (Setting<?> setting : some) {
            if (setting.hasNodeScope()) {
                all.put(setting.getKey(), setting);
            }
        }
    }

    /** Version 9 takes them from an extension too, which it finds when it starts. */
    @SuppressWarnings("unchecked")
    private static Iterable<Setting<?>> ofSecurity() throws Exception {
        for (Method method : Security.class.getDeclaredMethods()) {
            if (!method.getName().equals("getSettings") || method.getParameterCount() == 0) {
                continue;
            }
            method.setAccessible(true);
            if (method.getParameterCount() == 1) {
                return (Iterable<Setting<?>>) method.invoke(null, List.of());
            }
            Class<?> provider = Class.forName("org.elasticsearch.xpack.security.transport.CrossClusterAccessSecurityExtension$Provider");
            return (Iterable<Setting<?>>) method.invoke(null, List.of(), provider.getConstructor().newInstance());
        }
        throw new IllegalStateException("security registers no settings");
    }

    private static final List<String> SAMPLES = List.of("true", "1", "9", "100", "70000", "0.5", "1s", "1m", "1h", "1mb", "1gb", "50%", "none");

    /** What a setting takes, found out by setting it: what it makes of values, and at which it begins to refuse them. */
    private static String type(String name, Setting<?> setting) {
        Setting<?> s = setting instanceof Setting.AffixSetting<?> affix ? affix.getConcreteSettingForNamespace("x") : setting;
        if (s instanceof SecureSetting<?>) {
            return "secure";
        }
        Object value = value(s);
        if (made(s, "no such value") != null) {
            return name.endsWith(".port") ? "ports" : ""; // a list is such a text too
        }
        if (value instanceof Enum<?> word) {
            return words(s, word.getDeclaringClass().getEnumConstants());
        }
        String of = value == null ? "" : value.getClass().getSimpleName();
        return switch (of.equals("ByteSizeValue") && made(s, "50%") != null ? "Memory" : of) {
            case "Boolean" -> "bool";
            case "Integer" -> "int" + bounds(s, "", Integer.MIN_VALUE, Integer.MAX_VALUE);
            case "Long" -> "long" + bounds(s, "", Integer.MIN_VALUE, Long.MAX_VALUE / 2);
            case "Double", "Float", "Processors" -> made(s, "-1") == null ? "number:0:" : "number";
            case "TimeValue" -> "time" + bounds(s, "ms", -1, TimeUnit.DAYS.toMillis(100_000));
            case "ByteSizeValue" -> "bytes" + bounds(s, "b", -1, Long.MAX_VALUE / 2);
            case "Memory" -> "memory";
            case "RelativeByteSizeValue" -> "share";
            default -> "";
        };
    }

    private static Object made(Setting<?> s, String text) {
        try {
            Object made = s.get(Settings.builder().put(s.getKey(), text).build());
            return made instanceof Optional<?> optional ? optional.orElse(null) : made;
        } catch (Exception e) {
            return null;
        }
    }

    /** A value of the setting: its own, or one of the samples. */
    private static Object value(Setting<?> s) {
        Object own = null;
        try {
            own = s.get(Settings.EMPTY);
        } catch (Exception e) { // it has to be set, or needs another
        }
        return Stream.concat(Stream.of(own instanceof Optional<?> optional ? optional.orElse(null) : own), SAMPLES.stream().map(text -> made(s, text)))
            .filter(Objects::nonNull).findFirst().orElse(null);
    }

    /** The words of an enumeration that a setting takes. Those in small letters it takes in any. */
    private static String words(Setting<?> s, Object[] constants) {
        TreeSet<String> all = new TreeSet<>(List.of("true", "false"));
        for (Object constant : constants) {
            for (String word : List.of(constant.toString(), ((Enum<?>) constant).name())) {
                all.addAll(List.of(word, word.toLowerCase(Locale.ROOT), word.toUpperCase(Locale.ROOT)));
            }
        }
        all.removeIf(word -> made(s, word) == null);
        Set<String> small = Set.copyOf(all);
        all.removeIf(word -> word.equals(word.toLowerCase(Locale.ROOT)) == false && small.contains(word.toLowerCase(Locale.ROOT)));
        return all.isEmpty() ? "" : "words:" + String.join("|", all);
    }

    /** ":least:most" of the numbers that a setting takes with a unit; nothing where these are all that there are, or another setting decides. */
    private static String bounds(Setting<?> s, String unit, long least, long most) {
        OptionalLong taken = LongStream.of(1, 9, 100, 1 << 20, 1 << 30).filter(n -> made(s, n + unit) != null).findFirst();
        if (taken.isEmpty()) {
            return "";
        }
        long from = edge(s, unit, taken.getAsLong(), least), to = edge(s, unit, taken.getAsLong(), most);
        return from == least && to == most ? "" : ":" + (from == least ? "" : from) + ":" + (to == most ? "" : to);
    }

    /** The last number that is taken on the way from one that is taken to one that may be refused. */
    private static long edge(Setting<?> s, String unit, long taken, long other) {
        if (made(s, other + (other == -1 ? "" : unit)) != null) {
            return other;
        }
        while (Math.abs(taken - other) > 1) {
            long middle = taken + (other - taken) / 2;
            if (made(s, middle + unit) != null) {
                taken = middle;
            } else {
                other = middle;
            }
        }
        return taken;
    }

    /** As a node does when it starts: the file, then each setting by its name, then the values. */
    private static String read(Path folder, Set<Setting<?>> all) {
        try {
            Map<String, String> home = new HashMap<>(Map.of("path.home", folder.toString()));
            Path overrides = folder.resolve("overrides");
            if (Files.exists(overrides)) { // of the command line or the environment: NAME=VALUE
                String[] words = Files.readString(overrides).split("=", 2);
                home.put(words[0], words[1]);
            }
            Settings settings = InternalSettingsPreparer.prepareEnvironment(Settings.EMPTY, home, folder, () -> "node").settings();
            new ClusterSettings(settings, all).validate(settings, true);
            for (Setting<?> setting : all) {
                if (settings.keySet().contains(setting.getKey())) {
                    Object value = setting.get(settings);
                    if (type(setting.getKey(), setting).equals("ports")) { // which a node reads when it listens
                        String ports = value instanceof PortsRange range ? range.getPortRangeString() : value.toString();
                        new InetSocketAddress(new PortsRange(ports.split(",")[0]).ports()[0]); // the next ones if that is in use
                    }
                }
            }
            return "ok";
        } catch (Exception e) {
            return String.valueOf(e.getMessage()).replace('\n', ' ');
        }
    }
}
