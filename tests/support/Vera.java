import java.io.File;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/** Vera FLAVOUR[,FLAVOUR…] FILE…: one line "FILE FLAVOUR PASS|FAIL", then each broken rule once, indented. Exit 1 if any failed. */
public class Vera {
    public static void main(String[] given) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        boolean passed = true;
        for (int file = 1; file < given.length; file++) {
            for (String flavour : given[0].split(",")) {
                try (PDFAParser parser = Foundries.defaultInstance().createParser(new File(given[file]), PDFAFlavour.byFlavourId(flavour))) {
                    ValidationResult result = Foundries.defaultInstance()
                        .createValidator(PDFAFlavour.byFlavourId(flavour), false).validate(parser);
                    passed &= result.isCompliant();
                    System.out.println(given[file] + " " + flavour + " " + (result.isCompliant() ? "PASS" : "FAIL"));
                    broken(result).forEach((rule, said) -> System.out.println("  " + rule + " " + said));
                }
            }
        }
        System.exit(passed ? 0 : 1);
    }

    private static Map<String, String> broken(ValidationResult result) {
        Map<String, String> rules = new LinkedHashMap<>();
        List<TestAssertion> all = new ArrayList<>(result.getTestAssertions());
        for (TestAssertion one : all) {
            if (one.getStatus() == TestAssertion.Status.FAILED) {
                rules.putIfAbsent(one.getRuleId().getClause() + "-" + one.getRuleId().getTestNumber(),
                    one.getMessage() + " | " + one.getLocation().getContext());
            }
        }
        return rules;
    }
}
